/* A C program can be linked with the library, and the library is of the header's version. */
#include <stdio.h>
#include <string.h>

#include "rsocket.h"

int main(void) {
  char header[64];
  snprintf(header, sizeof header, "%d.%d.%d", RSOCKET_VERSION_MAJOR, RSOCKET_VERSION_MINOR, RSOCKET_VERSION_PATCH);
  if (strcmp(header, rsocket_version()) != 0) {
    fprintf(stderr, "the header is of %s, the library of %s\n", header, rsocket_version());
    return 1;
  }
  return 0;
}
