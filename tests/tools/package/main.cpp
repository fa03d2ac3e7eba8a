#include <gradus/gradus.h>

#include <iostream>

int main() {
  auto x = gradus::tensor(1.0f).requires_grad_(true);
  auto y = (x - 3) * (x - 6) * (x - 4);
  y.backward();
  std::cout << x.grad() << "\n";
  // Everything that registers itself must have come along.
  std::cout << gradus::optim::optimizers().names().size() << " optimizers, "
            << gradus::models().names().size() << " models, "
            << gradus::data::datasets().names().size() << " data sets\n";
}
