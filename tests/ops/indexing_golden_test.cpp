// Reading and writing at indices against PyTorch.
#include "framework/ops/indexing.h"

#include "tests/support/op_cases.h"

namespace gradus {
namespace {

using golden::Calls;
using golden::Tensors;

const Calls kCalls = {
    {"gather", [](auto& in, auto& a) { return gather(in[0], a["dim"], in[1]); }},
};

const bool kRegistered = golden::register_cases("indexing", kCalls);

}  // namespace
}  // namespace gradus
