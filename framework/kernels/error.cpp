#include "framework/kernels/error.h"

namespace gradus {

void Error::prepend(std::string_view context) {
  message_ = std::string(context) + ": " + message_;
  compose();
}

void Error::name_op(std::string_view op) {
  if (!named_) prepend(op);
  named_ = true;
}

void Error::locate(const Location& at) {
  where_ = to_string(at);
  compose();
}

void Error::compose() {
  text_ = where_.empty() ? message_ : message_ + " (at " + where_ + ")";
}

std::string to_string(const Location& at) {
  const std::string_view file = at.file_name();
  return std::string(file.substr(file.find_last_of('/') + 1)) + ":" + std::to_string(at.line());
}

thread_local constinit const CallSite* CallSite::innermost_ = nullptr;

namespace {

// ".../framework/": what the names of the framework's own files begin with.
std::string_view own_folder() {
  static const std::string_view kFolder = [] {
    const std::string_view file = __FILE__;
    return file.substr(0, file.rfind("kernels/"));
  }();
  return kFolder;
}

}  // namespace

Location CallSite::outside(const Location& at) {
  const auto is_own = [](const Location& place) {
    return std::string_view(place.file_name()).starts_with(own_folder());
  };
  if (!is_own(at)) return at;
  for (const CallSite* call = innermost_; call != nullptr; call = call->outer_) {
    if (!is_own(call->at_)) return call->at_;
  }
  return at;
}

}  // namespace gradus
