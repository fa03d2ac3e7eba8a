// The CPUs that a portable build runs on, as QEMU (Debian's qemu-user, if it is there) imitates
// them.
#include <gtest/gtest.h>
#include "tests/support/paths.h"
#include "tests/support/process.h"

#include <filesystem>

namespace gradus::test {
namespace {

constexpr char kQemu[] = "/usr/bin/qemu-x86_64";

ProcessResult on_cpu(const char* model) {
  return Process({kQemu, "-cpu", model, test::program_path(), "list", "losses"}).finish();
}

class CpuTest : public testing::Test {
 protected:
  void SetUp() override {
#if !defined(__x86_64__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a build for real machines of this kind only";
#endif
    if (!std::filesystem::exists(kQemu)) GTEST_SKIP() << "there is no " << kQemu;
  }
};

TEST_F(CpuTest, RunsWhereThereIsAvx2ButNoAvx512) {
  const ProcessResult result = on_cpu("Haswell");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("cross_entropy"), std::string::npos);
}

TEST_F(CpuTest, SaysThatAvx2IsMissing) {
  const ProcessResult result = on_cpu("Nehalem");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("gradus: this CPU lacks AVX2"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace gradus::test
