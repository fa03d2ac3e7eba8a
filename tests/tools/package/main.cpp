// The programs of the README, against the installed package.
#include <gradus/gradus.h>

#include <iostream>

void differentiate() {
  auto x = gradus::tensor(1.0f).requires_grad_(true);
  auto y = (x - 3) * (x - 6) * (x - 4);
  y.backward();
  std::cout << x.grad() << "\n";
}

void train() {
  using namespace gradus;
  const Tensor images = rand({32, 784});
  const Tensor labels = randint(0, 10, {32});
  nn::Sequential net(nn::Linear(784, 128), nn::ReLU(), nn::Linear(128, 10));
  optim::Adam optimizer(net->named_parameters(), {.lr = 1e-3});
  const float before = cross_entropy(net(images), labels).item<float>();
  for (int step = 0; step < 20; ++step) {
    optimizer.zero_grad();
    Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    optimizer.step();
  }
  const float after = cross_entropy(net(images), labels).item<float>();
  std::cout << (after < 0.5F * before ? "it learns" : "it does not learn") << "\n";
}

void derive() {
  using namespace gradus;
  using namespace gradus::indexing;
  auto x = randn({4, 6}).requires_grad_();
  auto y = x.index({Slice(None, None, 2), Ellipsis}).softmax(1);
  auto slope = grad({y.square().sum()}, {x}, {}, {.create_graph = true})[0];
  slope.norm().backward();
  x.grad().clamp_(-1, 1);
  auto h = hessian([](const Tensor& v) { return v.pow(3).sum(); }, tensor({1.0, 2.0}));
  std::cout << h << "\n";
}

void draw() {
  using namespace gradus;
  const KeepValuesGuard keep;
  auto x = tensor(2.0).requires_grad_(true).set_name("x");
  auto y = pow(x, 3).set_name("y");
  auto z = (5 * y).set_name("z");
  const std::string html = to_html(graph(z));
  const bool complete = html.find("= 5 * 12 = 60") != std::string::npos;
  std::cout << (complete ? "it draws" : "it does not draw") << "\n";
}

int main() {
  differentiate();
  derive();
  train();
  draw();
  // Everything that registers itself must have come along.
  std::cout << gradus::optim::optimizers().names().size() << " optimizers, "
            << gradus::models().names().size() << " models, "
            << gradus::data::datasets().names().size() << " data sets, "
            << gradus::optim::schedules().names().size() << " schedules\n";
}
