/* survivors MILLISECONDS PROGRAM...: starts a program, kills it at that moment, and waits until no descendant of
 * it is left, neither running nor defunct: all of them become children of this process. Prints their number. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void give_up(int signal) {
  (void)signal;
  static const char message[] = "some are left\n";
  if (write(2, message, sizeof(message) - 1) < 0) _exit(3);
  _exit(2);
}

int main(int count, char **arguments) {
  if (count < 3 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 120;
  long wait_ms = atol(arguments[1]);
  pid_t child = fork();
  if (child == 0) {
    execvp(arguments[2], arguments + 2);
    _exit(121);
  }
  struct timespec time = {wait_ms / 1000, wait_ms % 1000 * 1000000};
  nanosleep(&time, NULL);
  kill(child, SIGKILL);
  signal(SIGALRM, give_up);
  alarm(60);
  int ended = 0;
  while (wait(NULL) > 0) ended++;
  printf("%d\n", ended);
  return 0;
}
