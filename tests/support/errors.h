// What a call says when it refuses.
#pragma once

#include <string>

#include "framework/kernels/error.h"

namespace gradus::test {

/// The message of the Error that body() throws, or "no error".
template <class Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace gradus::test
