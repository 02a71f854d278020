/** Names that C libraries declare in the global namespace, where a namespace of C++ may not have them. */

const FUNCTIONS = new Set(
  `abort abs accept access acct acos acosh advance alarm alloca alphasort asctime asin asinh atan atan2 atanh atexit atof
  atoi atol atoll basename bcmp bcopy bind brk bsearch bzero cabs calloc cbrt ceil cfree chdir chmod chown chroot clearenv
  clock clone close closedir confstr connect copysign cos cosh creat crypt ctermid ctime cuserid daemon daylight difftime
  dirfd dirname div dladdr dlclose dlerror dlopen dlsym dprintf drem drand48 dup dup2 dup3 dysize ecvt encrypt endpwent
  environ erand48 erf erfc errx execl execle execlp execv execve execvp exit exp exp10 exp2 expm1 fabs faccessat fchdir
  fchmod fchown fclose fcntl fcvt fdatasync fdim fdopen fdopendir feof ferror fflush ffs ffsl ffsll fgetc fgetpos fgets
  fgetwc fileno finite flock flockfile floor fma fmax fmin fmod fopen fork fpathconf fprintf fputc fputs fread free freopen
  frexp fscanf fseek fsetpos fstat fsync ftell ftok ftruncate ftw fwide fwrite gamma gcvt getc getchar getcwd getdate
  getegid getenv geteuid getgid getline getlogin getopt getpgid getpgrp getpid getppid gets getsid getuid getw getwd glob
  gmtime gnu_dev_major hcreate hypot ilogb imaxabs index initgroups initstate insque ioctl isalnum isalpha isascii isatty
  isblank iscntrl isdigit isgraph isinf islower isnan isprint ispunct isspace isupper isxdigit j0 j1 jn jrand48 kill killpg
  labs lchown lcong48 ldexp ldiv lfind lgamma link listen llabs lldiv llrint llround localeconv localtime lockf log log10
  log1p log2 logb logout longjmp lrand48 lrint lround lsearch lseek lstat mallinfo malloc mblen memccpy memchr memcmp memcpy
  memfrob memmem memmove mempcpy memset mkdir mkdtemp mkfifo mknod mkstemp mktemp mktime mlock mmap modf mount mprotect
  mrand48 msync munlock munmap nan nanosleep nearbyint nextafter nexttoward nftw nice nrand48 open openat opendir optarg
  opterr optind optopt pathconf pause pclose perror pipe pipe2 poll popen pow pow10 ppoll pread printf profil pselect
  psignal ptsname putc putchar putenv puts putw pwrite qsort raise rand random read readdir readlink readv realloc
  realpath reboot recv recvfrom recvmsg remainder remove remque remquo rename revoke rewind rewinddir rindex rint rmdir
  round sbrk scalb scalbln scalbn scandir scanf seekdir select send sendfile sendmsg sendto setbuf setegid setenv seteuid
  setgid setjmp setlocale setpgid setpgrp setsid setstate setuid setvbuf shutdown sigaction signal signgam significand
  sigpause sin sinh sleep snprintf socket splice sprintf sqrt srand srandom sscanf stat statfs stderr stdin stdout stime
  stpcpy strcat strchr strcmp strcpy strdup strerror strlen strncpy strndup strsep strsignal strstr strtod strtok strtol
  swab symlink sync syscall sysconf sysinfo syslog system tan tanh tdelete tee tell telldir tempnam tfind tgamma time timegm
  timelocal timer times timezone tmpfile tmpnam toascii tolower toupper towlower trunc truncate tsearch ttyname tzname
  tzset ualarm umask umount uname ungetc unlink unshare unsetenv usleep utime utimes vfork vhangup vprintf vsnprintf wait
  wait3 wait4 waitid waitpid warn warnx wctob wmemchr wmemcmp wmemcpy wmemset wprintf write writev y0 y1 yn`.split(
    /\s+/,
  ),
);

/** Returns a name for a namespace of C++, with a trailing underscore if a library declares something of that name. */
export function namespaceName(name: string): string {
  return FUNCTIONS.has(name) || name === 'std' ? `${name}_` : name;
}
