#include "framework/train/rethrow.h"
#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <typeinfo>

namespace gradus {
namespace {

std::string caught_type() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "an unknown type";  // of another language
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
  return std::string("type ") + (name ? name.get() : type->name());
}

}  // namespace

std::string message_of_caught() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of " + caught_type();
  }
}

bool is_foreign(const Error& error) {
  return dynamic_cast<const std::nested_exception*>(&error) != nullptr;
}

void rethrow_with(std::string_view context) {
  const std::string before = std::string(context) + ": ";
  try {
    throw;
  } catch (Error& error) {
    error.prepend(context);
    throw;
  } catch (const std::bad_alloc&) {
    std::throw_with_nested(MemoryError(before + "out of memory"));
  } catch (...) {
    std::throw_with_nested(Error(before + message_of_caught()));
  }
}

}  // namespace gradus
