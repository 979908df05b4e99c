// Tells where a program that crashes was.
#pragma once

namespace convoy {

// From now on SEGV, BUS, FPE, ILL, ABRT and SYS print "rank R on HOST: crashed" and the stack of the thread they reach
// to standard error; then they end the process as they would have. Handlers that are there already (a sanitizer's)
// stay.
//
// To be called before MPI_Init, so that Open MPI leaves these signals alone: its own handlers, and those of UCX, which
// go, allocate memory, and a rank that crashes inside malloc would wait for itself for ever instead of ending.
void print_stack_on_crash();

}  // namespace convoy
