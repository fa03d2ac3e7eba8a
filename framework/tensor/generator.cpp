#include "framework/tensor/generator.h"

namespace gradus {
namespace {

thread_local Generator* t_default = nullptr;

Generator& shared_generator() {
  static Generator generator;
  return generator;
}

}  // namespace

Generator& default_generator() {
  return t_default != nullptr ? *t_default : shared_generator();
}

DefaultGeneratorGuard::DefaultGeneratorGuard(Generator& generator) : before_(t_default) {
  t_default = &generator;
}

DefaultGeneratorGuard::~DefaultGeneratorGuard() {
  t_default = before_;
}

void manual_seed(std::uint64_t seed) {
  shared_generator().manual_seed(seed);
}

}  // namespace gradus
