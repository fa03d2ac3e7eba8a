#include "framework/nn/loss.h"

namespace gradus::nn {

Registry<Loss>& losses() {
  static Registry<Loss> registry("loss");
  return registry;
}

}  // namespace gradus::nn
