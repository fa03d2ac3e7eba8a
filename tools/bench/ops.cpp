// The ops of the workloads one by one, at their shapes, forward and with their gradients, and the
// loader: on Google Benchmark. `ops_bench --benchmark_filter=linear` picks; --help lists the rest.
#include <benchmark/benchmark.h>
#include <gradus/gradus.h>
#include <nlohmann/json.hpp>

namespace {

using namespace gradus;

using Call = std::function<Tensor(const std::vector<Tensor>&)>;

// What an op is called with: inputs that require gradients.
struct Case {
  std::string name;
  std::vector<Shape> inputs;
  Call call;
  bool images = false;  // the first input, channels-last in memory as between layers
};

std::vector<Tensor> make_inputs(const Case& of) {
  Generator generator(1);
  std::vector<Tensor> inputs;
  for (const Shape& shape : of.inputs) inputs.push_back(randn(shape, kFloat32, generator));
  if (of.images) inputs[0] = inputs[0].contiguous(MemoryFormat::ChannelsLast);
  for (const Tensor& each : inputs) each.requires_grad_();
  return inputs;
}

void forward(benchmark::State& state, const Case& of) {
  const std::vector<Tensor> inputs = make_inputs(of);
  const NoGradGuard no_grad;
  for (auto _ : state) benchmark::DoNotOptimize(of.call(inputs));
}

void with_gradients(benchmark::State& state, const Case& of) {
  const std::vector<Tensor> inputs = make_inputs(of);
  const Tensor weights = ones_like(of.call(inputs).detach());
  for (auto _ : state) {
    of.call(inputs).backward(weights);
    for (const Tensor& each : inputs) each.set_grad({});
  }
}

Tensor labels(std::int64_t count, std::int64_t classes) {
  Generator generator(2);
  return randint(classes, {count}, kInt64, generator);
}

Call linear_call() {
  return [](const std::vector<Tensor>& in) { return linear(in[0], in[1], in[2]); };
}

Case linear_case(std::int64_t batch, std::int64_t in, std::int64_t out) {
  return {"linear/" + std::to_string(batch) + "x" + std::to_string(in) + "x" + std::to_string(out),
          {{batch, in}, {out, in}, {out}},
          linear_call()};
}

Case conv_case(const Shape& image, std::int64_t out, std::int64_t stride = 1) {
  return {"conv2d/" + to_string(image) + "to" + std::to_string(out),
          {image, {out, image[1], 3, 3}},
          [stride](const std::vector<Tensor>& in) {
            return conv2d(in[0], in[1], {}, {.stride = stride, .padding = 1});
          },
          true};
}

template <class Function>
Case unary_case(const std::string& name, const Shape& shape, Function function) {
  return {name + "/" + to_string(shape),
          {shape},
          [function](const std::vector<Tensor>& in) { return function(in[0]); },
          shape.size() == 4};
}

std::vector<Case> cases() {
  const auto entropy = [](std::int64_t rows, std::int64_t classes) {
    return unary_case(
        "cross_entropy", {rows, classes},
        [target = labels(rows, classes)](const Tensor& x) { return cross_entropy(x, target); });
  };
  return {
      linear_case(64, 784, 256),
      linear_case(64, 256, 128),
      linear_case(64, 128, 10),
      linear_case(1024, 784, 256),
      linear_case(100, 300, 300),
      linear_case(100, 300, 1),
      linear_case(768, 128, 512),
      linear_case(768, 512, 128),
      conv_case({64, 1, 28, 28}, 32),
      conv_case({64, 32, 14, 14}, 64),
      conv_case({64, 16, 32, 32}, 16),
      conv_case({64, 32, 16, 16}, 32),
      conv_case({64, 64, 8, 8}, 64),
      conv_case({64, 16, 32, 32}, 32, 2),
      unary_case("max_pool2d", {64, 32, 28, 28}, [](const Tensor& x) { return max_pool2d(x, 2); }),
      unary_case("relu", {64, 256}, [](const Tensor& x) { return relu(x); }),
      unary_case("relu", {64, 32, 28, 28}, [](const Tensor& x) { return relu(x); }),
      unary_case("tanh", {100, 300}, [](const Tensor& x) { return tanh(x); }),
      unary_case("gelu", {768, 512}, [](const Tensor& x) { return gelu(x); }),
      unary_case("softmax", {48, 64, 64}, [](const Tensor& x) { return softmax(x, -1); }),
      unary_case("sum", {768, 512}, [](const Tensor& x) { return x.sum(); }),
      entropy(64, 10),
      entropy(1024, 10),
      entropy(768, 65),
      {"add/[768, 128]",
       {{768, 128}, {768, 128}},
       [](const std::vector<Tensor>& in) { return in[0] + in[1]; }},
      {"add/[]", {{}, {}}, [](const std::vector<Tensor>& in) { return in[0] + in[1]; }},
      {"layer_norm/[768, 128]",
       {{768, 128}, {128}, {128}},
       [](const std::vector<Tensor>& in) { return layer_norm(in[0], {128}, in[1], in[2]); }},
      {"attention/[12, 4, 64, 32]",
       {{12, 4, 64, 32}, {12, 4, 64, 32}, {12, 4, 64, 32}},
       [](const std::vector<Tensor>& in) {
         return scaled_dot_product_attention(in[0], in[1], in[2], {}, {.is_causal = true});
       }},
  };
}

// All batches of an epoch, in shuffled order; the time is that of one batch.
void loader(benchmark::State& state, const std::string& dataset) {
  const auto source = data::datasets().make(Json::parse(dataset));
  data::DataLoader batches(source->train, {.batch_size = state.range(0), .shuffle = true});
  std::int64_t epoch = 0;
  batches.start_epoch(++epoch);
  for (auto _ : state) {
    auto batch = batches.next();
    if (!batch) {
      batches.start_epoch(++epoch);
      batch = batches.next();
    }
    benchmark::DoNotOptimize(batch->input.raw().data);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void register_all() {
  for (const Case& each : cases()) {
    const auto add = [&](const std::string& name, auto run) {
      benchmark::RegisterBenchmark(name.c_str(),
                                   [each, run](benchmark::State& state) { run(state, each); })
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime();
    };
    add("forward/" + each.name, forward);
    add("gradients/" + each.name, with_gradients);
  }
  const auto add = [](const std::string& name, const std::string& options) {
    const std::string dataset = R"({"type": "random", )" + options + "}";
    benchmark::RegisterBenchmark(("loader/" + name).c_str(),
                                 [dataset](benchmark::State& state) { loader(state, dataset); })
        ->Arg(64)
        ->Arg(1024)
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  };
  add("784", R"("input_shape": [784])");
  add("3x32x32", R"("input_shape": [3, 32, 32])");
  add("tokens", R"("input_shape": [64], "outputs": 65, "target": "token")");
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
