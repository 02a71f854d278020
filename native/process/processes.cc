#include "process/processes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/pinned.h"

namespace tenon {
/* Makes the system call directly, because glibc's waitid hides its last argument. */
bool ReadEnd(pid_t pid, ProcessStatus *status) {
  siginfo_t info = {};
  rusage usage = {};
  if (syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage) != 0 || info.si_pid != pid)
    return false;
  bool exited = info.si_code == CLD_EXITED;
  status->code = exited ? info.si_status : -1;
  status->signal = exited ? 0 : info.si_status;
  status->peak = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  return true;
}

/* ---- Process ---- */

int Process::Open(uv_loop_s *loop, const ChannelOptions &options) {
  int problem = channel.Create(options);
  if (problem == 0) news_ = Watch(loop, channel.news_file(), OnNews, &problem);
  if (problem == 0) poke_ = Watch(loop, channel.poke_file(), OnNews, &problem);
  return problem;
}

int Process::Started(uv_loop_s *loop, pid_t pid, int out, int err) {
  pid_ = pid;
  channel.captured_output().Open(out, err);
  channel.Started(pid);
  int problem = 0;
  end_ = Watch(loop, channel.end_file(), OnEnd, &problem);
  return problem;
}

uv_any_handle *Process::Watch(uv_loop_s *loop, int file, void (*callback)(uv_any_handle *, int, int),
                              int *problem) {
  uv_any_handle *handle = malloc(uv_handle_size(kUvPoll));
  if (handle == nullptr) {
    *problem = ENOMEM;
    return nullptr;
  }
  *problem = -uv_poll_init(loop, handle, file);
  if (*problem != 0) {
    free(handle);
    return nullptr;
  }
  handles_++;
  owner_->open_handles++;
  uv_handle_set_data(handle, this);
  *problem = -uv_poll_start(handle, kUvReadable, callback);
  uv_unref(handle);
  return handle;
}

void Process::Close() {
  if (closed_) return;
  closed_ = true;
  Release();
  owner_->Forget(index_);
  /* libuv must release the files before they are closed. */
  for (uv_any_handle *handle : {news_, poke_, end_}) {
    if (handle != nullptr) uv_close(handle, OnClosed);
  }
  channel.Close();
  if (handles_ == 0) delete this;
}

void Process::OnClosed(uv_any_handle *handle) {
  Process *self = static_cast<Process *>(uv_handle_get_data(handle));
  Processes *owner = self->owner_;
  free(handle);
  if (--self->handles_ == 0) delete self;
  owner->HandleClosed();
}

void Process::SetReferenced(bool referenced) {
  referenced_ = referenced;
  UpdateReference();
}

void Process::UpdateReference() {
  bool active = referenced_ || finishing_ || !pending_.empty();
  if (active == active_ || news_ == nullptr) return;
  active_ = active;
  if (active) {
    uv_ref(news_);
  } else {
    uv_unref(news_);
  }
}

void Process::SetPaused(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (!paused) Poke();
}

/* ---- Processes ---- */

Processes *Processes::Make(napi_env env) {
  Processes *self = new Processes(env);
  napi_add_env_cleanup_hook(env, OnUnused, self);
  return self;
}

napi_value Processes::Open(napi_value wake) {
  napi_value result, buffers[2], name, receiver;
  void *memory[2];
  if (!HasEventLoop() || napi_get_uv_event_loop(env_, &loop_) != napi_ok ||
      !MakePinned(env_, kProcessWords * sizeof(int32_t), &memory[0], &buffers[0]) ||
      !MakePinned(env_, kProcessScratch, &memory[1], &buffers[1]) ||
      napi_create_array_with_length(env_, 2, &result) != napi_ok ||
      napi_set_element(env_, result, 0, buffers[0]) != napi_ok ||
      napi_set_element(env_, result, 1, buffers[1]) != napi_ok ||
      napi_create_string_utf8(env_, "tenon", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_object(env_, &receiver) != napi_ok ||
      napi_create_reference(env_, receiver, 1, &receiver_) != napi_ok ||
      napi_create_reference(env_, wake, 1, &wake_) != napi_ok ||
      napi_async_init(env_, receiver, name, &context_) != napi_ok ||
      napi_add_async_cleanup_hook(env_, OnTeardown, this, &hook_) != napi_ok) {
    return nullptr;
  }
  napi_remove_env_cleanup_hook(env_, OnUnused, this);
  control = static_cast<int32_t *>(memory[0]);
  scratch = static_cast<uint8_t *>(memory[1]);
  return result;
}

int Processes::Create(const ChannelOptions &options, Process **made) {
  int32_t index = static_cast<int32_t>(table_.size());
  if (free_.empty()) {
    table_.push_back(nullptr);
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Process *process = new Process(this, index, ++serials_);
  table_[static_cast<size_t>(index)] = process;
  int problem = process->Open(loop_, options);
  if (problem != 0) {
    process->Close();
    return problem;
  }
  control[kWordRunner] = index;
  control[kWordSerial] = process->serial();
  *made = process;
  return 0;
}

void Processes::SetSlab(napi_value slab) {
  if (slab_ != nullptr) napi_delete_reference(env_, slab_);
  slab_ = nullptr;
  napi_create_reference(env_, slab, 1, &slab_);
}

uint8_t *Processes::FreeSlab(uint64_t *room) const {
  napi_value slab;
  void *memory;
  size_t length;
  uint64_t start = static_cast<uint32_t>(control[kWordFree]);
  *room = 0;
  if (slab_ == nullptr || napi_get_reference_value(env_, slab_, &slab) != napi_ok || slab == nullptr ||
      napi_get_arraybuffer_info(env_, slab, &memory, &length) != napi_ok || start >= length) {
    return nullptr;
  }
  *room = length - start < kSlabLongest ? length - start : kSlabLongest;
  return static_cast<uint8_t *>(memory) + start;
}

void Processes::Forget(int32_t index) {
  table_[static_cast<size_t>(index)] = nullptr;
  free_.push_back(index);
}

Process *Processes::Target() {
  if (control == nullptr) return nullptr;
  uint32_t index = static_cast<uint32_t>(control[kWordRunner]);
  Process *process = index < table_.size() ? table_[index] : nullptr;
  if (process != nullptr && process->serial() == control[kWordSerial]) return process;
  control[kWordOutcome] = kOutcomeClosed;
  return nullptr;
}

void Processes::Wake(int32_t index, int32_t serial) {
  napi_value function, receiver, arguments[2], error;
  if (napi_get_reference_value(env_, wake_, &function) != napi_ok ||
      napi_get_reference_value(env_, receiver_, &receiver) != napi_ok ||
      napi_create_int32(env_, index, &arguments[0]) != napi_ok ||
      napi_create_int32(env_, serial, &arguments[1]) != napi_ok) {
    return;
  }
  if (napi_make_callback(env_, context_, receiver, function, 2, arguments, nullptr) == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env_, &pending);
  if (pending && napi_get_and_clear_last_exception(env_, &error) == napi_ok)
    napi_fatal_exception(env_, error);
}

/* The environment ends: so do its runners. Node waits until libuv has let go of their files. */
void Processes::OnTeardown(napi_async_cleanup_hook_handle, void *data) {
  Processes *self = static_cast<Processes *>(data);
  self->down_ = true;
  self->open_handles++;
  for (size_t i = 0; i < self->table_.size(); i++) {
    if (self->table_[i] != nullptr) self->table_[i]->Close();
  }
  self->HandleClosed();
}

void Processes::HandleClosed() {
  if (--open_handles != 0 || !down_) return;
  napi_remove_async_cleanup_hook(hook_);
  delete this;
}

}  // namespace tenon
