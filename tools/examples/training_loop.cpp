// Training without the trainer: define, train, save, load, predict.
//
//   training_loop FILE.safetensors
#include <gradus/gradus.h>
#include <iostream>

using namespace gradus;

// Two inputs, and whether their signs differ.
struct Net : nn::Module {
  nn::Linear hidden = register_module("hidden", nn::Linear(2, 16));
  nn::Linear out = register_module("out", nn::Linear(16, 2));
  Tensor forward(const Tensor& x) override { return out(tanh(hidden(x))); }
};

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: training_loop FILE\n";
    return 2;
  }
  manual_seed(1);
  const Tensor points = rand({512, 2}) * 2 - 1;
  const Tensor labels = (points.select(1, 0) * points.select(1, 1) < 0).to(kInt64);
  const auto data = std::make_shared<data::TensorDataset>(points, labels);
  data::DataLoader loader(data, {.batch_size = 32, .shuffle = true, .seed = 1});

  Net net;
  optim::Adam optimizer(net.named_parameters(), {.lr = 0.02});
  for (int epoch = 1; epoch <= 30; ++epoch) {
    loader.start_epoch(epoch);
    while (const auto batch = loader.next()) {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(net(batch->input), batch->target);
      loss.backward();
      optimizer.step();
    }
  }
  write_safetensors(argv[1], {.tensors = net.state_dict(), .metadata = {}});

  Net loaded;
  loaded.load_state_dict(read_safetensors(argv[1]).tensors);
  loaded.eval();
  const NoGradGuard no_grad;
  const Tensor found = argmax(loaded(points), 1);
  std::cout << "accuracy " << (found == labels).to(kFloat32).mean().item<float>() << "\n";
  const Tensor corners = tensor({{0.5, 0.5}, {0.5, -0.5}, {-0.5, 0.5}, {-0.5, -0.5}});
  std::cout << argmax(loaded(corners), 1) << "\n";
}
