// Exceptions of any type on their way out of a run: what a user's module, data set or hook throws
// comes out of the trainer as an Error that says where it was. (Tensors and modules, which C++
// calls by itself, leave exceptions that are none of Gradus as they are.)
//
//   output = within("model", [&] { return model(input); });  // anybody's code
//   "model: the sensor is offline"
//
// Thread rules: free functions of the exception that this thread handles.
#pragma once

#include "framework/kernels/error.h"

#include <string>
#include <string_view>
#include <type_traits>

namespace gradus {

/// Within a catch block: throws what was caught once more, with "context: " before its message. An
/// Error stays itself. Anything else becomes an Error, a std::bad_alloc a MemoryError, in which it
/// is nested (std::rethrow_if_nested); what is no std::exception is told by its type.
[[noreturn]] void rethrow_with(std::string_view context);

/// Whether it is what rethrow_with() made of something else.
bool is_foreign(const Error& error);

/// Runs body(); what it throws goes on by rethrow_with(context). The context is a text or, where
/// making one is work, a function that gives it.
template <class Context, class Body>
decltype(auto) within(const Context& context, Body&& body) {
  try {
    return body();
  } catch (...) {
    if constexpr (std::is_invocable_v<const Context&>) {
      rethrow_with(context());
    } else {
      rethrow_with(context);
    }
  }
}

/// Within a catch block: what() of what was caught, or "an exception of type int".
std::string message_of_caught();

}  // namespace gradus
