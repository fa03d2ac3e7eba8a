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

}  // namespace gradus
