// How long saving holds a training loop up: a checkpoint of 100 MB (8.4 M weights and Adam's
// state) every twenty steps, saved beside the loop by a CheckpointWriter: tools/bench/saving
//
// The loop waits where it would change a tensor that is not copied yet, and where the checkpoint
// before is not on the disk yet. Beside that the writer's thread takes processor time and bandwidth
// from it: what a step costs with saving and without, in turn, shows both together.
#include <gradus/gradus.h>
#include "framework/train/checkpoint_writer.h"

#include <filesystem>
#include <memory>

#include "tools/bench/timing.h"

namespace {

using namespace gradus;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 9;
constexpr int kSteps = 20;  // between two checkpoints

struct Loop {
  nn::Sequential net = nn::Sequential(nn::Linear(1024, 2048), nn::ReLU(), nn::Linear(2048, 2048),
                                      nn::ReLU(), nn::Linear(2048, 1024));
  optim::Adam optimizer = optim::Adam(net->named_parameters(), {.lr = 1e-4});
  Tensor input = randn({64, 1024});
  Tensor target = randn({64, 1024});
  std::unique_ptr<CheckpointWriter> writer;

  [[nodiscard]] Checkpoint checkpoint(std::int64_t step) const {
    Checkpoint result;
    result.model = net->state_dict();
    result.optimizer = optimizer.state_dict();
    result.loop.step = step;
    result.has_loop = true;
    return result;
  }

  // Milliseconds of one step, the mean over a round; `save`: with a checkpoint at its beginning.
  double round(int number, bool save) {
    const auto start = Clock::now();
    if (save) writer->save(checkpoint(number), false);
    for (int step = 0; step < kSteps; ++step) {
      optimizer.zero_grad();
      mse_loss(net(input), target).backward();
      writer->wait_for_snapshot();
      optimizer.step();
    }
    const std::chrono::duration<double, std::milli> time = Clock::now() - start;
    writer->finish();
    return time.count() / kSteps;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path root = argc > 1 ? argv[1] : ".";
  const std::filesystem::path folder = root / "saving-bench";
  Loop loop;
  const CheckpointFolder checkpoints(folder);
  checkpoints.prepare();
  loop.writer = std::make_unique<CheckpointWriter>(checkpoints, CheckpointWriterOptions{.keep = 1});
  loop.round(0, false);  // Adam's state comes to be
  loop.round(1, true);   // the memory of the copies, too
  std::vector<double> plain;
  std::vector<double> saving;
  std::vector<double> waited;
  std::vector<double> worked;
  for (int i = 0; i < kRounds; ++i) {
    plain.push_back(loop.round(0, false));
    const double waited_before = loop.writer->seconds_waited();
    const double worked_before = loop.writer->seconds_worked();
    saving.push_back(loop.round(2 + i, true));
    waited.push_back(1e3 * (loop.writer->seconds_waited() - waited_before));
    worked.push_back(1e3 * (loop.writer->seconds_worked() - worked_before));
  }
  const auto bytes = static_cast<double>(std::filesystem::file_size(loop.writer->newest()));
  const double wait = bench::median(waited);
  const double work = bench::median(worked);
  std::printf("checkpoint: %.1f MB, copied, checked, written and synced in %.1f ms\n", bytes / 1e6,
              work);
  std::printf("the loop waited %.2f ms of it: %.1f %%\n", wait, 100 * wait / work);
  std::printf("a step: %.2f ms, with a checkpoint every %d steps %.2f ms\n", bench::median(plain),
              kSteps, bench::median(saving));
  loop.writer.reset();
  std::filesystem::remove_all(folder);
  return 0;
}
