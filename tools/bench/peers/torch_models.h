// The networks and the data of torch.cpp.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <string>
#include <vector>

namespace peers {

namespace nn = torch::nn;
using torch::Tensor;

struct Batch {
  Tensor input;
  Tensor target;
};

/// Examples in memory, given out in shuffled batches for ever.
class RandomData {
 public:
  RandomData(Tensor inputs, Tensor targets, std::int64_t batch)
      : inputs(std::move(inputs)), targets_(std::move(targets)), batch_(batch) {}

  Batch next() {
    if (at_ + batch_ > inputs.size(0)) at_ = 0;
    if (at_ == 0) order_ = torch::randperm(inputs.size(0));
    const Tensor index = order_.slice(0, at_, at_ + batch_);
    at_ += batch_;
    Tensor input = inputs.index_select(0, index);
    if (channels_last) input = input.contiguous(torch::MemoryFormat::ChannelsLast);
    return {input, targets_.index_select(0, index)};
  }

  Tensor inputs;
  bool channels_last = false;

 private:
  Tensor targets_;
  Tensor order_;
  std::int64_t batch_;
  std::int64_t at_ = 0;
};

inline RandomData classes(std::vector<std::int64_t> shape, std::int64_t count, std::int64_t size,
                          std::int64_t batch) {
  shape.insert(shape.begin(), size);
  return {torch::randn(shape), torch::randint(count, {size}, torch::kInt64), batch};
}

inline RandomData binary(std::int64_t features, std::int64_t size, std::int64_t batch) {
  return {torch::randn({size, features}), torch::randint(2, {size, 1}).to(torch::kFloat), batch};
}

inline RandomData tokens(std::int64_t length, std::int64_t vocabulary, std::int64_t size,
                         std::int64_t batch) {
  const Tensor text = torch::randint(vocabulary, {size, length + 1}, torch::kInt64);
  return {text.slice(1, 0, length).contiguous(), text.slice(1, 1, length + 1).contiguous(), batch};
}

inline nn::Sequential mlp(const std::vector<std::int64_t>& sizes, bool tanh) {
  nn::Sequential net;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    net->push_back(nn::Linear(sizes[i], sizes[i + 1]));
    if (i + 2 == sizes.size()) break;
    if (tanh) {
      net->push_back(nn::Tanh());
    } else {
      net->push_back(nn::ReLU());
    }
  }
  return net;
}

inline nn::Sequential cnn() {
  nn::Sequential net;
  std::int64_t from = 1;
  for (const std::int64_t to : {32, 64}) {
    net->push_back(nn::Conv2d(nn::Conv2dOptions(from, to, 3).padding(1)));
    net->push_back(nn::ReLU());
    net->push_back(nn::MaxPool2d(2));
    from = to;
  }
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(from * 7 * 7, 128));
  net->push_back(nn::ReLU());
  net->push_back(nn::Linear(128, 10));
  return net;
}

// Weights of convolutions and the images; 4-dim tensors alone can be channels_last.
inline void to_channels_last(nn::Module& net, RandomData& data) {
  torch::NoGradGuard no_grad;
  for (Tensor each : net.parameters()) {
    if (each.dim() == 4) each.set_data(each.contiguous(torch::MemoryFormat::ChannelsLast));
  }
  data.inputs = data.inputs.contiguous(torch::MemoryFormat::ChannelsLast);
  data.channels_last = true;
}

// He et al., arXiv:1512.03385, section 4.2: shortcuts without parameters, which take every second
// pixel and add channels of zeros where the shape changes.
struct BlockImpl : nn::Module {
  BlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride_of_first)
      : stride(stride_of_first),
        extra(out - in),
        conv1(register_module("conv1", conv(in, out, 3, stride))),
        bn1(register_module("bn1", nn::BatchNorm2d(out))),
        conv2(register_module("conv2", conv(out, out, 3, 1))),
        bn2(register_module("bn2", nn::BatchNorm2d(out))) {}
  static nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel,
                         std::int64_t stride) {
    return nn::Conv2d(
        nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
  }
  Tensor forward(const Tensor& x) {
    const Tensor y = bn2(conv2(torch::relu(bn1(conv1(x)))));
    return torch::relu(y + (extra == 0 ? x : shortcut(x)));
  }
  Tensor shortcut(const Tensor& x) const {
    const Tensor less = x.slice(2, 0, x.size(2), stride).slice(3, 0, x.size(3), stride);
    return nn::functional::pad(
        less, nn::functional::PadFuncOptions({0, 0, 0, 0, extra / 2, extra - extra / 2}));
  }

  std::int64_t stride;
  std::int64_t extra;

  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  nn::Conv2d conv2;
  nn::BatchNorm2d bn2;
};
TORCH_MODULE(Block);

struct ResNet20Impl : nn::Module {
  ResNet20Impl() {
    net->push_back(BlockImpl::conv(3, 16, 3, 1));
    net->push_back(nn::BatchNorm2d(16));
    net->push_back(nn::ReLU());
    std::int64_t in = 16;
    for (const std::int64_t out : {16, 32, 64}) {
      for (int i = 0; i < 3; ++i) {
        net->push_back(Block(in, out, in == out ? 1 : 2));
        in = out;
      }
    }
    net->push_back(nn::AdaptiveAvgPool2d(1));
    net->push_back(nn::Flatten());
    net->push_back(nn::Linear(64, 10));
    register_module("net", net);
  }
  Tensor forward(const Tensor& x) { return net->forward(x); }

  nn::Sequential net;
};
TORCH_MODULE(ResNet20);

// The form of GPT-2, with the weights of the embedding in the head.
struct LayerImpl : nn::Module {
  LayerImpl(std::int64_t heads_count, std::int64_t width, std::int64_t length)
      : heads(heads_count),
        norm1(register_module("ln_1", nn::LayerNorm(nn::LayerNormOptions({width})))),
        qkv(register_module("c_attn", nn::Linear(width, 3 * width))),
        joined(register_module("attn_proj", nn::Linear(width, width))),
        norm2(register_module("ln_2", nn::LayerNorm(nn::LayerNormOptions({width})))),
        wide(register_module("c_fc", nn::Linear(width, 4 * width))),
        narrow(register_module("c_proj", nn::Linear(4 * width, width))),
        hidden(torch::ones({length, length}, torch::kBool).tril().logical_not()) {}

  Tensor attention(const Tensor& x) {
    const std::int64_t n = x.size(0);
    const std::int64_t t = x.size(1);
    const std::int64_t c = x.size(2);
    const auto parts = qkv(x).split(c, 2);
    const auto of_heads = [&](const Tensor& part) {
      return part.view({n, t, heads, c / heads}).transpose(1, 2);
    };
    const double scale = 1 / std::sqrt(static_cast<double>(c / heads));
    Tensor scores = torch::matmul(of_heads(parts[0]), of_heads(parts[1]).transpose(2, 3)) * scale;
    scores = scores.masked_fill(hidden, -std::numeric_limits<float>::infinity());
    const Tensor y = torch::matmul(torch::softmax(scores, -1), of_heads(parts[2]));
    return joined(y.transpose(1, 2).contiguous().view({n, t, c}));
  }
  Tensor forward(const Tensor& x) {
    const Tensor y = x + attention(norm1(x));
    return y + narrow(torch::gelu(wide(norm2(y))));
  }

  std::int64_t heads;
  nn::LayerNorm norm1;
  nn::Linear qkv;
  nn::Linear joined;
  nn::LayerNorm norm2;
  nn::Linear wide;
  nn::Linear narrow;
  Tensor hidden;
};
TORCH_MODULE(Layer);

struct GptImpl : nn::Module {
  GptImpl(std::int64_t layers, std::int64_t heads, std::int64_t width, std::int64_t length,
          std::int64_t vocabulary)
      : tokens(register_module("wte", nn::Embedding(vocabulary, width))),
        places(register_module("wpe", nn::Embedding(length, width))),
        norm(register_module("ln_f", nn::LayerNorm(nn::LayerNormOptions({width})))) {
    for (std::int64_t i = 0; i < layers; ++i) blocks->push_back(Layer(heads, width, length));
    register_module("h", blocks);
    torch::NoGradGuard no_grad;
    for (Tensor each : parameters()) {
      if (each.dim() == 2) each.normal_(0, 0.02);
    }
  }
  Tensor forward(const Tensor& x) {
    const Tensor y = tokens(x) + places->weight.slice(0, 0, x.size(1));
    const Tensor scores = torch::linear(norm(blocks->forward(y)), tokens->weight);
    return scores.transpose(1, 2);
  }

  nn::Embedding tokens;
  nn::Embedding places;
  nn::Sequential blocks;
  nn::LayerNorm norm;
};
TORCH_MODULE(Gpt);

}  // namespace peers
