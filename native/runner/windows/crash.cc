#include "runner/crash.h"

#include <stdlib.h>
#include <windows.h>

#include "channel/pipe_file.h"
#include "channel/quiet_thread.h"
#include "runner/standard_output.h"
#include "runner/windows/libraries_of_c.h"

namespace tenon {
namespace {

/* Stack that is kept for the filter when a thread has used up its own, in bytes. */
constexpr ULONG kGuarantee = 64 * 1024;
/* The longest time for a report, in milliseconds. */
constexpr DWORD kPatience = 5000;

/* Set before the plugin runs. */
struct {
  HostLink *link;
  DWORD main_thread;
  uint64_t base;
  bool expected;
} watch;

/* The exception that is reported. */
struct {
  HANDLE there;
  const EXCEPTION_RECORD *record;
  const CONTEXT *context;
  DWORD thread;
} first;

uint64_t CounterOf(const CONTEXT &context) {
#if defined(_M_ARM64) || defined(__aarch64__)
  return context.Pc;
#else
  return context.Rip;
#endif
}

uint64_t StackOf(const CONTEXT &context) {
#if defined(_M_ARM64) || defined(__aarch64__)
  return context.Sp;
#else
  return context.Rsp;
#endif
}

/* Returns the address that could not be accessed, or 0 if the exception is not about one. */
uint64_t AddressOf(const EXCEPTION_RECORD &record) {
  bool has_address =
      record.ExceptionCode == EXCEPTION_ACCESS_VIOLATION || record.ExceptionCode == EXCEPTION_IN_PAGE_ERROR;
  return has_address && record.NumberParameters >= 2 ? record.ExceptionInformation[1] : 0;
}

/* Sends the record. A damaged stack may cause another exception while its frames are read. So the record is sent
 * without them first. */
void Send(const EXCEPTION_RECORD &record, const CONTEXT &context, DWORD thread) {
  CrashRecord *crash = &watch.link->crash();
  crash->signal = static_cast<int32_t>(record.ExceptionCode);
  crash->thread = thread;
  crash->main_thread = thread == watch.main_thread ? 1 : 0;
  crash->address = AddressOf(record);
  crash->pc = CounterOf(context);
  crash->sp = StackOf(context);
  crash->base = watch.base;
  StoreWord(&crash->written, 1);
  watch.link->SetState(RunnerState::kCrashed);
  watch.link->Alarm();
  crash->frame_count = CollectFrames(&context, crash->frames);
  watch.link->Alarm();
}

void *ReportFirst(void *) {
  WaitForSingleObject(first.there, INFINITE);
  Send(*first.record, *first.context, first.thread);
  EndAtOnce(static_cast<int>(first.record->ExceptionCode));
  return nullptr;
}

/* Has the other thread report the exception and end the process. A thread whose stack has overflowed could not. */
[[noreturn]] void Report(const EXCEPTION_RECORD &record, const CONTEXT &context) {
  uint32_t none = 0;
  uint32_t *written = &watch.link->crash().written;
  bool is_first = __atomic_compare_exchange_n(written, &none, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
  if (is_first) {
    first.record = &record;
    first.context = &context;
    first.thread = GetCurrentThreadId();
    SetEvent(first.there);
  }
  /* Another thread has a moment to report its exception. An exception of the reporting thread itself ends it. */
  Sleep(is_first ? kPatience : kPatience / 10);
  EndAtOnce(static_cast<int>(record.ExceptionCode));
}

LONG WINAPI OnException(EXCEPTION_POINTERS *found) {
  Report(*found->ExceptionRecord, *found->ContextRecord);
}

void OnAbort(int) {
  CONTEXT context = {};
  RtlCaptureContext(&context);
  EXCEPTION_RECORD record = {};
  record.ExceptionCode = kAborted;
  Report(record, context);
}

void OnExit() {
  if (watch.expected) return;
  watch.link->SetState(RunnerState::kExited);
  watch.link->Alarm();
}

}  // namespace

void WatchForCrashes(HostLink *link) {
  watch.link = link;
  watch.main_thread = GetCurrentThreadId();
  ULONG guarantee = kGuarantee;
  SetThreadStackGuarantee(&guarantee);
  atexit(OnExit);
  first.there = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  StartQuietThread(ReportFirst, nullptr);
  SetUnhandledExceptionFilter(OnException);
  HandleAborts(OnAbort);
}

void WatchPlugin(uintptr_t entry) {
  HMODULE module = nullptr;
  const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
  if (GetModuleHandleExW(flags, reinterpret_cast<const wchar_t *>(entry), &module))
    watch.base = reinterpret_cast<uintptr_t>(module);
  /* The plugin may have brought another C library. */
  HandleAborts(OnAbort);
  WriteLinesAtOnce();
}

void ExpectExit() {
  watch.expected = true;
}

}  // namespace tenon
