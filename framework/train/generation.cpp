#include "framework/train/generation.h"
#include "framework/tensor/creation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gradus {
namespace {

void check(std::span<const double> scores, const SamplingOptions& options) {
  if (scores.empty()) throw ValueError("there are no scores to choose a token by");
  if (!std::all_of(scores.begin(), scores.end(), [](double s) { return std::isfinite(s); })) {
    throw ValueError("a score of the next token is not finite");
  }
  if (!(options.temperature >= 0) || std::isinf(options.temperature)) {
    throw ValueError("temperature must be finite and at least 0, got " +
                     std::to_string(options.temperature));
  }
  if (options.top_k < 0) {
    throw ValueError("top_k must be at least 0, got " + std::to_string(options.top_k));
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    throw ValueError("top_p must be in (0, 1], got " + std::to_string(options.top_p));
  }
}

void scale_to_one(std::vector<double>& shares) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& each : shares) each /= sum;
}

// Tokens, the most probable first.
std::vector<std::size_t> in_order(const std::vector<double>& probabilities) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return probabilities[a] > probabilities[b];
  });
  return order;
}

// The scores of the token behind `tokens`.
std::vector<double> next_scores(Trainer& trainer, std::span<const std::int64_t> tokens) {
  const auto count = static_cast<std::int64_t>(tokens.size());
  const Tensor output = trainer.outputs(tensor(tokens).reshape({1, count}));
  const std::int64_t vocabulary = trainer.data().outputs;
  if (output.dim() != 3 || output.size(1) < vocabulary || output.size(2) != count) {
    throw ValueError("the model gives " + to_string(output.sizes()) + " for tokens [1, " +
                     std::to_string(count) + "]; to go on with a text it must give scores [1, " +
                     std::to_string(vocabulary) + ", " + std::to_string(count) + "]");
  }
  auto scores = output.select(0, 0).select(1, count - 1).to_vector<double>();
  scores.resize(static_cast<std::size_t>(vocabulary));
  return scores;
}

}  // namespace

std::vector<double> next_token_probabilities(std::span<const double> scores,
                                             const SamplingOptions& options) {
  check(scores, options);
  const double largest = *std::max_element(scores.begin(), scores.end());
  std::vector<double> result(scores.size());
  if (options.temperature == 0) {
    result[static_cast<std::size_t>(std::find(scores.begin(), scores.end(), largest) -
                                    scores.begin())] = 1;
    return result;
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    result[i] = std::exp((scores[i] - largest) / options.temperature);
  }
  scale_to_one(result);
  const std::vector<std::size_t> order = in_order(result);
  std::size_t stay = order.size();
  if (options.top_k > 0) stay = std::min(stay, static_cast<std::size_t>(options.top_k));
  for (std::size_t i = stay; i < order.size(); ++i) result[order[i]] = 0;
  scale_to_one(result);
  double sum = 0;
  for (std::size_t i = 0; i < stay; ++i) {
    if (options.top_p < 1 && sum >= options.top_p) {
      result[order[i]] = 0;
    } else {
      sum += result[order[i]];
    }
  }
  scale_to_one(result);
  return result;
}

std::int64_t sample_next_token(std::span<const double> scores, const SamplingOptions& options,
                               Generator& generator) {
  const std::vector<double> probabilities = next_token_probabilities(scores, options);
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  if (options.temperature == 0) return best - probabilities.begin();
  double rest = rand({}, kFloat64, generator).item<double>();
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    rest -= probabilities[i];
    if (rest < 0) return static_cast<std::int64_t>(i);
  }
  return best - probabilities.begin();  // the sum was rounded to less than 1
}

std::vector<std::int64_t> generate(Trainer& trainer, std::span<const std::int64_t> prompt,
                                   std::int64_t count, const SamplingOptions& options,
                                   Generator& generator,
                                   const std::function<void(std::int64_t token)>& seen) {
  if (prompt.empty()) throw ValueError("generate: needs at least one token to begin with");
  const auto window = static_cast<std::size_t>(trainer.data().input_shape.numel());
  std::vector<std::int64_t> tokens(prompt.begin(), prompt.end());
  for (const std::int64_t token : tokens) {
    if (token >= 0 && token < trainer.data().outputs) continue;
    throw ValueError("generate: token " + std::to_string(token) + " is outside [0, " +
                     std::to_string(trainer.data().outputs) + "), the data's classes");
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::span<const std::int64_t> all(tokens);
    const auto scores = next_scores(trainer, all.last(std::min(window, all.size())));
    tokens.push_back(sample_next_token(scores, options, generator));
    if (seen) seen(tokens.back());
  }
  tokens.erase(tokens.begin(), tokens.begin() + std::ssize(prompt));
  return tokens;
}

}  // namespace gradus
