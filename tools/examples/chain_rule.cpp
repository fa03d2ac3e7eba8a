// The chain rule on the smallest graph that has one: x -> y = x^3 -> z = 5y, so that
// dz/dx = dz/dy * dy/dx = 5 * 3x^2.
//
//   chain_rule graph.html      (or .svg, .dot, .json)
#include <gradus/gradus.h>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: chain_rule FILE\n";
    return 2;
  }
  using namespace gradus;
  const KeepValuesGuard keep;  // the graph is to show all values
  const Tensor x = tensor(2.0).requires_grad_(true).set_name("x");
  const Tensor y = pow(x, 3).set_name("y");
  const Tensor z = (5 * y).set_name("z");

  const Graph seen = graph(z);
  save(seen, argv[1]);
  std::cout << "dz/dx = " << seen.node("x").gradient.item<double>() << '\n';
}
