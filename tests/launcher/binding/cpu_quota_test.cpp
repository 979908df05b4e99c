#include "launcher/binding/cpu_quota.h"

#include <gtest/gtest.h>

#include <fstream>

#include "launcher/device_choice.h"

namespace convoy {
namespace {

// A file system with nothing in it but what a test puts there.
class CpuQuotas : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(root_);
    put("proc/self/cgroup", "");
    put("proc/self/mountinfo", "23 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::app) << text;
  }
  void mount_v2(const std::string& mounted, const std::string& group) {
    put("proc/self/mountinfo",
        "30 23 0:27 " + mounted + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
    put("proc/self/cgroup", "0::" + group + "\n");
  }
  void mount_v1(const std::string& at, const std::string& group) {
    put("proc/self/mountinfo", "32 23 0:29 / " + at + " rw,relatime - cgroup cgroup rw,cpu,cpuacct\n");
    put("proc/self/cgroup", "7:pids:/elsewhere\n3:cpu,cpuacct:" + group + "\n2:cpuset:/elsewhere\n");
  }
  std::vector<double> found() const {
    std::vector<double> cpus;
    for (const CpuQuota& quota : cpu_quotas(root_)) cpus.push_back(quota.cpus);
    return cpus;
  }
  using List = std::vector<double>;

  std::filesystem::path root_ = std::filesystem::path(testing::TempDir()) / "convoy_cpu_quotas";
};

TEST_F(CpuQuotas, WithoutControlGroupsThereIsNone) {
  EXPECT_EQ(found(), List{});
  EXPECT_EQ(cpu_quotas(root_ / "nothing"), std::vector<CpuQuota>{});
}

TEST_F(CpuQuotas, MaxIsNoLimit) {
  mount_v2("/", "/user.slice");
  put("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
  EXPECT_EQ(found(), List{});
}

TEST_F(CpuQuotas, OfVersion2AreThoseOfAllGroupsAround) {
  mount_v2("/", "/batch/job 7/step");
  put("sys/fs/cgroup/batch/job 7/step/cpu.max", "300000 100000\n");
  put("sys/fs/cgroup/batch/job 7/cpu.max", "75000 50000\n");
  put("sys/fs/cgroup/batch/cpu.max", "max 100000\n");
  EXPECT_EQ(found(), (List{3, 1.5}));
  EXPECT_EQ(quota_share(cpu_quotas(root_), {}), 1.5);
}

TEST_F(CpuQuotas, OfVersion1Too) {
  mount_v1("/sys/fs/cgroup/cpu", "/a/b");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n");
  put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(found(), List{0.5});
}

TEST_F(CpuQuotas, BothVersionsMayBeThere) {
  mount_v1("/sys/fs/cgroup/cpu", "/a");
  put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "200000\n");
  put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  mount_v2("/", "/");
  EXPECT_EQ(found(), List{2});
}

TEST_F(CpuQuotas, AContainerSeesItsOwnGroupAsTheRoot) {
  mount_v2("/docker/abc", "/docker/abc/inner");  // the host's names
  put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  put("sys/fs/cgroup/inner/cpu.max", "50000 100000\n");
  EXPECT_EQ(found(), (List{0.5, 1}));
}

TEST_F(CpuQuotas, AGroupOutsideWhatIsMountedCountsAsTheRoot) {
  mount_v2("/docker/abc", "/docker/abcd");
  put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  put("sys/fs/cgroup/docker/abcd/cpu.max", "1 100000\n");
  EXPECT_EQ(found(), List{1});
}

TEST_F(CpuQuotas, AMountPointMayHaveASpace) {
  put("proc/self/mountinfo", "30 23 0:27 / /my\\040groups rw - cgroup2 cgroup2 rw\n");
  put("proc/self/cgroup", "0::/\n");
  put("my groups/cpu.max", "100000 100000\n");
  EXPECT_EQ(found(), List{1});
}

TEST_F(CpuQuotas, NonsenseIsNoLimit) {
  mount_v2("/", "/a");
  put("sys/fs/cgroup/a/cpu.max", "many 0\n");
  put("sys/fs/cgroup/cpu.max", "100000 0\n");
  put("proc/self/mountinfo", "rubbish\n\n");
  put("proc/self/cgroup", "rubbish\n");
  EXPECT_EQ(found(), List{});
}

TEST(QuotaShare, RanksOfOneGroupDivideIt) {
  const std::vector<CpuQuota> job = {{4, "/job"}};
  EXPECT_EQ(quota_share(job, {}), 4);
  EXPECT_EQ(quota_share(job, {job, job, job}), 1);
  EXPECT_EQ(quota_share({}, {job}), 0);
}

TEST(QuotaShare, EachGroupIsDividedAmongItsOwn) {
  const std::vector<CpuQuota> a = {{3, "/job/a"}, {4, "/job"}}, b = {{3, "/job/b"}, {4, "/job"}};
  EXPECT_EQ(quota_share(a, {b}), 2);
  EXPECT_EQ(quota_share(a, {a, b}), 4.0 / 3);
  EXPECT_EQ(quota_share(a, {{{3, "/other"}}}), 3);
}

TEST(ThreadsWithin, AQuotaIsRoundedUpAndThereIsAlwaysOne) {
  EXPECT_EQ(threads_within(8, 0), 8);
  EXPECT_EQ(threads_within(8, 3), 3);
  EXPECT_EQ(threads_within(8, 1.5), 2);
  EXPECT_EQ(threads_within(8, 0.1), 1);
  EXPECT_EQ(threads_within(2, 16), 2);
  EXPECT_EQ(threads_within(0, 0), 1);
}

}  // namespace
}  // namespace convoy
