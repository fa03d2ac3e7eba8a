// The workloads of `gradus bench` in PyTorch's C++ front end: the same networks, batches and
// optimizers on random data of the same sizes.
//
//   torch_peer --threads 2 --rounds 7 [--workload NAME]...     prints one JSON object
//
// As in Gradus a step is the whole one: a shuffled batch from memory, zero_grad, forward, loss,
// backward, update, and the loss as a number. The images of the ResNet are channels_last: 53 ms
// instead of 69 where this was written; the CNN's are not: 10 ms instead of 384.
#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "tools/bench/peers/torch_models.h"
#include "tools/bench/timing.h"

namespace {

using peers::Batch;
using peers::RandomData;

struct Step {
  std::function<void()> run;
  std::int64_t parameters = 0;
};

template <class Net, class Loss>
Step training(Net net, RandomData data, std::shared_ptr<torch::optim::Optimizer> optimizer,
              Loss loss) {
  std::int64_t parameters = 0;
  for (const torch::Tensor& each : net->parameters()) parameters += each.numel();
  const auto shared = std::make_shared<RandomData>(std::move(data));
  const auto run = [net, shared, optimizer, loss]() mutable {
    const Batch batch = shared->next();
    for (torch::Tensor each : net->parameters()) each.mutable_grad().reset();
    const torch::Tensor value = loss(net->forward(batch.input), batch.target);
    if (!std::isfinite(value.template item<float>())) std::abort();
    value.backward();
    optimizer->step();
  };
  return {run, parameters};
}

template <class Net>
auto sgd(const Net& net) {
  return std::make_shared<torch::optim::SGD>(net->parameters(),
                                             torch::optim::SGDOptions(0.01).momentum(0.9));
}
template <class Net>
auto adam(const Net& net) {
  return std::make_shared<torch::optim::Adam>(net->parameters(), torch::optim::AdamOptions(1e-3));
}
template <class Net>
auto adamw(const Net& net) {
  return std::make_shared<torch::optim::AdamW>(net->parameters(), torch::optim::AdamWOptions(1e-3));
}

const auto kCrossEntropy = [](const torch::Tensor& output, const torch::Tensor& target) {
  return torch::nn::functional::cross_entropy(output, target);
};
const auto kBinary = [](const torch::Tensor& output, const torch::Tensor& target) {
  return torch::nn::functional::binary_cross_entropy_with_logits(output, target);
};

Step mlp(bool with_adam, std::int64_t batch) {
  const auto net = peers::mlp({784, 256, 128, 10}, false);
  std::shared_ptr<torch::optim::Optimizer> optimizer;
  if (with_adam) {
    optimizer = adam(net);
  } else {
    optimizer = sgd(net);
  }
  return training(net, peers::classes({784}, 10, 8192, batch), optimizer, kCrossEntropy);
}

Step graph() {
  const torch::Tensor x = torch::tensor(1.0F).requires_grad_();
  return {[x] {
            const torch::Tensor y = (x - 3) * (x - 6) * (x - 4);
            y.backward();
            x.mutable_grad().reset();
          },
          0};
}

struct Workload {
  std::string name;
  std::function<Step()> make;
};

std::vector<Workload> workloads() {
  return {
      {"mlp_sgd", [] { return mlp(false, 64); }},
      {"mlp_adam", [] { return mlp(true, 64); }},
      {"mlp_adam_1024", [] { return mlp(true, 1024); }},
      {"higgs",
       [] {
         const auto net = peers::mlp({28, 300, 300, 300, 300, 300, 1}, true);
         return training(net, peers::binary(28, 20000, 100), adam(net), kBinary);
       }},
      {"cnn",
       [] {
         const auto net = peers::cnn();
         return training(net, peers::classes({1, 28, 28}, 10, 8192, 64), adam(net), kCrossEntropy);
       }},
      {"resnet20",
       [] {
         peers::ResNet20 net;
         RandomData data = peers::classes({3, 32, 32}, 10, 4096, 64);
         peers::to_channels_last(*net, data);
         return training(net, std::move(data), sgd(net), kCrossEntropy);
       }},
      {"gpt",
       [] {
         const peers::Gpt net(4, 4, 128, 64, 65);
         return training(net, peers::tokens(64, 65, 6144, 12), adamw(net), kCrossEntropy);
       }},
      {"graph", graph},
  };
}

}  // namespace

int main(int argc, char** argv) {
  int threads = at::get_num_threads();
  int rounds = 7;
  double round_seconds = 0.15;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (option == "--threads") {
      threads = std::stoi(value);
    } else if (option == "--rounds") {
      rounds = std::stoi(value);
    } else if (option == "--round-seconds") {
      round_seconds = std::stod(value);
    } else if (option == "--workload") {
      names.emplace_back(value);
    } else {
      std::fprintf(stderr, "torch_peer: unknown option %s\n", option.c_str());
      return 2;
    }
  }
  at::set_num_threads(threads);
  torch::manual_seed(1);
  std::printf("{\"peer\": \"LibTorch %s\", \"threads\": %d, \"workloads\": [", TORCH_VERSION,
              threads);
  const char* comma = "";
  for (const Workload& each : workloads()) {
    if (!names.empty() && std::find(names.begin(), names.end(), each.name) == names.end()) continue;
    const Step step = each.make();
    const bench::Times times = bench::time_rounds(step.run, rounds, round_seconds);
    std::printf("%s{\"name\": \"%s\", \"best_ms\": %.5g, \"median_ms\": %.5g, ", comma,
                each.name.c_str(), times.best * 1e3, times.median * 1e3);
    std::printf("\"parameters\": %lld}", static_cast<long long>(step.parameters));
    comma = ", ";
  }
  std::printf("]}\n");
}
