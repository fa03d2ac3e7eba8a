#include "framework/train/model.h"

namespace gradus {

ModelRegistry& models() {
  static ModelRegistry registry("model");
  return registry;
}

}  // namespace gradus
