#include "tests/comm/mpi/mpi_world.h"

#include <gtest/gtest.h>

#include <memory>

#include "comm/make_communicator.h"

namespace convoy::test {
namespace {

class MpiWorld final : public testing::Environment {
 public:
  void SetUp() override { world_ = make_communicator({.kind = CommunicatorKind::mpi, .timeout_s = 60}); }
  void TearDown() override { world_.reset(); }
  Communicator& world() { return *world_; }

 private:
  std::unique_ptr<Communicator> world_;
};

MpiWorld* const environment = [] {
  auto* const made = new MpiWorld;
  testing::AddGlobalTestEnvironment(made);  // which owns it
  return made;
}();

}  // namespace

Communicator& mpi_world() { return environment->world(); }

}  // namespace convoy::test
