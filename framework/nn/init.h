// Initial values of parameters: PyTorch's torch.nn.init. What ends in _ fills a tensor of a
// floating dtype in place, unseen by the graph, with random numbers from the generator, and returns
// it.
//
//   nn::init::kaiming_normal_(conv->weight, 0, "fan_out", "relu");
//   nn::init::zeros_(conv->bias);
//
// Configs have them by name: see initializers.h.
#pragma once

#include "framework/tensor/creation.h"

#include <optional>
#include <string>

namespace gradus::nn::init {

/// Uniform in [low, high), float32.
Tensor uniform(const Shape& sizes, double low, double high,
               Generator& generator = default_generator());

/// Normal, float32.
Tensor normal(const Shape& sizes, double mean, double std,
              Generator& generator = default_generator());

/// The factor by which the deviation of weights has to be larger for a function behind them: 1 for
/// "linear", "sigmoid" and the convolutions ("conv2d", ...), 5/3 for "tanh", sqrt(2) for "relu",
/// sqrt(2 / (1 + param^2)) for "leaky_relu" (param = 0.01 by default), 3/4 for "selu"; else
/// ValueError.
double calculate_gain(const std::string& nonlinearity, std::optional<double> param = {});

Tensor uniform_(const Tensor& tensor, double a = 0, double b = 1,
                Generator& generator = default_generator());
Tensor normal_(const Tensor& tensor, double mean = 0, double std = 1,
               Generator& generator = default_generator());
Tensor constant_(const Tensor& tensor, double val);
Tensor zeros_(const Tensor& tensor);
Tensor ones_(const Tensor& tensor);
/// Ones on the diagonal of a matrix, else zeros. Throws ShapeError for what is none.
Tensor eye_(const Tensor& tensor);

/// Glorot and Bengio (2010): uniform in +-gain * sqrt(6 / (fan_in + fan_out)), or normal with the
/// deviation gain * sqrt(2 / (fan_in + fan_out)). fan_in is size 1, fan_out size 0 of the tensor,
/// both times the elements of a kernel (the sizes from dim 2 on). Throws ShapeError below 2 dims.
Tensor xavier_uniform_(const Tensor& tensor, double gain = 1,
                       Generator& generator = default_generator());
Tensor xavier_normal_(const Tensor& tensor, double gain = 1,
                      Generator& generator = default_generator());

/// He et al. (2015): uniform in +-sqrt(3) * std, or normal with the deviation std, which is
/// calculate_gain(nonlinearity, a) / sqrt(fan); `mode` says which: "fan_in" or "fan_out".
Tensor kaiming_uniform_(const Tensor& tensor, double a = 0, const std::string& mode = "fan_in",
                        const std::string& nonlinearity = "leaky_relu",
                        Generator& generator = default_generator());
Tensor kaiming_normal_(const Tensor& tensor, double a = 0, const std::string& mode = "fan_in",
                       const std::string& nonlinearity = "leaky_relu",
                       Generator& generator = default_generator());

/// Normal, but in [a, b] only. Throws ValueError unless a < b.
Tensor trunc_normal_(const Tensor& tensor, double mean = 0, double std = 1, double a = -2,
                     double b = 2, Generator& generator = default_generator());

/// gain times a random matrix [size 0, all others] whose rows are orthonormal, or its columns where
/// it has more rows (Saxe et al., 2013; all such matrices are equally likely). Throws ShapeError
/// below 2 dims. Takes rows * columns * min(rows, columns) steps.
Tensor orthogonal_(const Tensor& tensor, double gain = 1,
                   Generator& generator = default_generator());

}  // namespace gradus::nn::init
