// In sanitized programs only: how the sanitizers are to behave. A runner's environment is what its plugin was
// given, and nothing else, so that it cannot say so; and what a report says on stderr would be taken for
// words of the plugin.

extern "C" {

__attribute__((visibility("default"), used)) const char *__asan_default_options() {
  return TENON_SANITIZER_OPTIONS;
}

__attribute__((visibility("default"), used)) const char *__ubsan_default_options() {
  return TENON_SANITIZER_OPTIONS;
}

__attribute__((visibility("default"), used)) const char *__tsan_default_options() {
  return TENON_SANITIZER_OPTIONS;
}
}
