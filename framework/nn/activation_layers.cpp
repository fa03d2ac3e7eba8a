#include "framework/nn/activation_layers.h"
#include "framework/nn/registered_layers.h"

namespace gradus::nn {
namespace {

const bool kRegistered[] = {
    register_plain_layer<ReLU>("relu", "max(x, 0)"),
    register_plain_layer<Sigmoid>("sigmoid", "1 / (1 + exp(-x))"),
    register_plain_layer<Tanh>("tanh", "the hyperbolic tangent"),
};

}  // namespace
}  // namespace gradus::nn
