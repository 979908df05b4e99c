// Streams and events of plain threads, without OpenMP, so that ThreadSanitizer sees every hand-over.
#pragma once

#include <memory>

#include "core/device/stream.h"

namespace convoy::test {

// A compute stream runs work in the caller; others have a thread.
std::unique_ptr<Stream> make_plain_stream(StreamKind kind);
std::unique_ptr<Event> make_plain_event();

}  // namespace convoy::test
