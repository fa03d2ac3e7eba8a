#include "framework/kernels/pointwise_loss.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/native/pointwise_loss.h"
#include "framework/kernels/parallel.h"

namespace gradus::kernels {
namespace {

template <class T>
native::LossPairs<T> pairs_of(const LossOperands& in) {
  return {in.x.as<T>(), in.y.as<T>(), in.weight.as<T>(), in.pos_weight.as<T>(), in.parameter};
}

template <class T>
const native::LossLoops<T>& loops_of(PointwiseLoss loss) {
  const native::PointwiseLossOf<T>& all = native::pointwise_loss_loops().of<T>();
  switch (loss) {
    case PointwiseLoss::Mse:
      return all.mse;
    case PointwiseLoss::L1:
      return all.l1;
    case PointwiseLoss::SmoothL1:
      return all.smooth_l1;
    case PointwiseLoss::Huber:
      return all.huber;
    case PointwiseLoss::Bce:
      return all.bce;
    case PointwiseLoss::BceWithLogits:
      break;
  }
  return all.bce_with_logits;
}

}  // namespace

double pointwise_loss(PointwiseLoss loss, const View& losses, const LossOperands& in) {
  return dispatch_floating(in.x.dtype, [&]<class T>(T) {
    const auto loop = loops_of<T>(loss).forward;
    const native::LossPairs<T> pairs = pairs_of<T>(in);
    const Split split(in.x.sizes.numel(), kGrain);
    Scratch<double> parts(split.chunks);
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      parts[chunk] = loop(pairs, losses.as<T>(), split.begin(chunk), split.end(chunk));
    });
    double sum = 0;
    for (std::int64_t chunk = 0; chunk < split.chunks; ++chunk) sum += parts[chunk];
    return sum;
  });
}

void pointwise_loss_grad(PointwiseLoss loss, const View& gx, const View& gy, const View& g,
                         double factor, const LossOperands& in) {
  dispatch_floating(in.x.dtype, [&]<class T>(T) {
    const auto loop = loops_of<T>(loss).backward;
    const native::LossPairs<T> pairs = pairs_of<T>(in);
    const native::LossGradients<T> out = {gx.as<T>(), gy.as<T>(), factor, g.as<T>(),
                                          g.sizes.empty() ? 0 : 1};
    parallel_for(Split(in.x.sizes.numel(), kGrain),
                 [&](std::int64_t begin, std::int64_t end) { loop(pairs, out, begin, end); });
  });
}

}  // namespace gradus::kernels
