#include <map>

#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/program_builder.h"

namespace convoy::vgpu {

Operand ProgramBuilder::special(const std::string& name, int width) {
  using S = SpecialRegister;
  static const std::map<std::string, S> table = {{"%tid.x", S::TidX},
                                                 {"%tid.y", S::TidY},
                                                 {"%tid.z", S::TidZ},
                                                 {"%ntid.x", S::NtidX},
                                                 {"%ntid.y", S::NtidY},
                                                 {"%ntid.z", S::NtidZ},
                                                 {"%ctaid.x", S::CtaX},
                                                 {"%ctaid.y", S::CtaY},
                                                 {"%ctaid.z", S::CtaZ},
                                                 {"%nctaid.x", S::NctaX},
                                                 {"%nctaid.y", S::NctaY},
                                                 {"%nctaid.z", S::NctaZ},
                                                 {"%laneid", S::Lane},
                                                 {"%warpid", S::WarpId},
                                                 {"%nwarpid", S::NWarp},
                                                 {"%lanemask_eq", S::MaskEq},
                                                 {"%lanemask_le", S::MaskLe},
                                                 {"%lanemask_lt", S::MaskLt},
                                                 {"%lanemask_ge", S::MaskGe},
                                                 {"%lanemask_gt", S::MaskGt},
                                                 {"%smid", S::SmId},
                                                 {"%nsmid", S::NSmId},
                                                 {"%gridid", S::GridId},
                                                 {"%dynamic_smem_size", S::DynSmem},
                                                 {"%total_smem_size", S::TotalSmem},
                                                 // Every cluster is one block.
                                                 {"%clusterid.x", S::CtaX},
                                                 {"%clusterid.y", S::CtaY},
                                                 {"%clusterid.z", S::CtaZ},
                                                 {"%nclusterid.x", S::NctaX},
                                                 {"%nclusterid.y", S::NctaY},
                                                 {"%nclusterid.z", S::NctaZ},
                                                 {"%cluster_ctaid.x", S::Zero},
                                                 {"%cluster_ctaid.y", S::Zero},
                                                 {"%cluster_ctaid.z", S::Zero},
                                                 {"%cluster_nctaid.x", S::One},
                                                 {"%cluster_nctaid.y", S::One},
                                                 {"%cluster_nctaid.z", S::One},
                                                 {"%cluster_ctarank", S::Zero},
                                                 {"%cluster_nctarank", S::One},
                                                 {"%is_explicit_cluster", S::Zero},
                                                 // Where cooperative groups look for the barrier of a grid.
                                                 {"%envreg1", S::GridWsHi},
                                                 {"%envreg2", S::GridWsLo}};
  const std::pair<std::string, int> key{name, width};
  if (auto it = specials_.find(key); it != specials_.end()) return it->second;
  auto known = table.find(name);
  if (known == table.end()) throw PtxError("unsupported special register " + name);
  const Operand row = reserve(kLanes * width);
  prog.sregs.push_back({known->second, row.off, static_cast<u8>(width)});
  return specials_[key] = row;
}

}  // namespace convoy::vgpu
