// The default options of the sanitizers, in sanitized programs only. A runner's environment is exactly that
// of its plugin, so the options cannot be set there. A report on stderr would be mistaken for output of the
// plugin.

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
