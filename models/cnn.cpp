// cnn: blocks of convolution 3 x 3, relu and pooling by 2, then two fully connected layers.
#include "framework/nn/layers.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

struct CnnOptions {
  std::vector<std::int64_t> channels = {32, 64};
  std::int64_t hidden = 128;
  double dropout = 0;

  void describe(OptionReader& o) {
    o("channels", channels, "output channels of the blocks", {.min = 1});
    o("hidden", hidden, "size of the fully connected layer", {.min = 1});
    o("dropout", dropout, "probability, before the last layer", {.min = 0, .below = 1});
  }
};

std::shared_ptr<nn::Module> make_cnn(const CnnOptions& options, const ModelInput& input) {
  const Shape& image = input.input_shape;
  if (image.size() != 3) {
    throw ShapeError("cnn: needs images [C, H, W], the data has shape " + to_string(image));
  }
  nn::Sequential net;
  std::int64_t channels = image[0];
  std::int64_t height = image[1];
  std::int64_t width = image[2];
  for (const std::int64_t out : options.channels) {
    net->push_back(nn::Conv2d(channels, out, 3, nn::Conv2dOptions{.padding = 1}));
    net->push_back(nn::ReLU());
    net->push_back(nn::MaxPool2d(2));
    channels = out;
    height /= 2;
    width /= 2;
  }
  if (height == 0 || width == 0) {
    throw ShapeError("cnn: " + std::to_string(options.channels.size()) +
                     " poolings by 2 leave nothing of images " + to_string(image));
  }
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(channels * height * width, options.hidden));
  net->push_back(nn::ReLU());
  if (options.dropout > 0) net->push_back(nn::Dropout(options.dropout));
  net->push_back(nn::Linear(options.hidden, input.outputs));
  return net.ptr();
}

const bool kRegistered = models().add<CnnOptions>("cnn", "a small convolutional network", make_cnn);

}  // namespace
}  // namespace gradus
