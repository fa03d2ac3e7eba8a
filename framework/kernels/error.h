// The errors of Gradus. Each message names what failed, where, and what would help.
//
// An op throws the bare reason; apply() and the caller's location complete it on the way out:
//   "inner dimensions differ: [64, 784] x [256, 128]"
//   "matmul: inner dimensions differ: [64, 784] x [256, 128] (at train.cpp:42)"
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <version>

#if defined(__cpp_lib_source_location)
#include <source_location>
#else  // clang before 16 with libstdc++
#include <experimental/source_location>
#endif

namespace gradus {

/// A place in the source. As a defaulted last argument, `Location at = Location::current()`, it is
/// the caller's.
#if defined(__cpp_lib_source_location)
using Location = std::source_location;
#else
using Location = std::experimental::source_location;
#endif

/// The base of all errors thrown by Gradus.
class Error : public std::exception {
 public:
  explicit Error(std::string message) : message_(std::move(message)), text_(message_) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  /// what() without the place.
  [[nodiscard]] const std::string& message() const { return message_; }

  /// Puts "context: " before the message.
  void prepend(std::string_view context);
  /// Names the op that failed. The innermost op wins: it knows the reason.
  void name_op(std::string_view op);
  /// Puts " (at file.cpp:42)" behind the message. The outermost call wins: it is the user's.
  void locate(const Location& at);

 private:
  void compose();

  std::string message_;
  std::string where_;
  std::string text_;
  bool named_ = false;
};

/// Shapes that do not fit together.
class ShapeError : public Error {
  using Error::Error;
};
/// A dtype that an operation does not take.
class DTypeError : public Error {
  using Error::Error;
};
/// An argument outside its range.
class ValueError : public Error {
  using Error::Error;
};
/// A call that the state of the objects does not allow (a graph freed, a saved value changed).
class StateError : public Error {
  using Error::Error;
};
/// More memory than there is.
class MemoryError : public Error {
  using Error::Error;
};
/// A file that is missing, unreadable, or not what its name says.
class FileError : public Error {
  using Error::Error;
};

/// "train.cpp:42"
std::string to_string(const Location& at);

/// A call of the framework that is under way on this thread, by the place that made it. Functions
/// composed of others open one, so that what they record names their caller's line, not theirs.
class CallSite {
 public:
  explicit CallSite(const Location& at) : at_(at), outer_(innermost_) { innermost_ = this; }
  ~CallSite() { innermost_ = outer_; }
  CallSite(const CallSite&) = delete;
  CallSite& operator=(const CallSite&) = delete;

  /// `at`, or, where that lies in the framework's own sources, the innermost call under way whose
  /// place does not.
  static Location outside(const Location& at);

 private:
  static thread_local constinit const CallSite* innermost_;

  Location at_;
  const CallSite* outer_;
};

/// Runs body(); an Error on its way out is given the name of the op and the place of its caller.
template <class Body>
decltype(auto) named(std::string_view op, const Location& at, Body&& body) {
  const CallSite site(at);
  try {
    return body();
  } catch (Error& error) {
    error.name_op(op);
    error.locate(at);
    throw;
  }
}

}  // namespace gradus
