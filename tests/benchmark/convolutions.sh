#!/usr/bin/env bash
# Speed of convolutions on two threads beside eager PyTorch's, shape by shape, in pairs that make their steps in turns
# (in_turns.py); PyTorch with its usual layout and with channels_last. A step is forward and both gradients.
# Usage: convolutions.sh [STEPS]   (default 40 of each)
# Wants a Python with PyTorch, see python_with_torch.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=${1:-40}
enough=$((steps + 10))  # for the steps that warm up too
bin=build/$(launcher/preset.sh)/bin
export OMP_NUM_THREADS=2

launcher/build.sh convolution_steps >/dev/null
python=$(tests/benchmark/python_with_torch.sh)

#       B H W Cin Cout kernel stride groups
shapes=("64 28 28 1 32 3 1 1" "64 14 14 32 64 3 1 1" "64 28 28 16 16 3 1 1" "64 28 28 16 32 3 2 1" "64 14 14 32 32 3 1 1"
  "64 7 7 64 64 3 1 1" "32 16 16 64 128 1 1 1" "32 32 32 64 64 3 1 64" "8 56 56 64 64 3 1 1" "8 7 7 512 512 3 1 1")

echo "$steps pairs of steps each; PyTorch's time over Convoy's: the median of the pairs and its quartiles"
printf '%-26s %10s %8s %15s %8s %15s\n' 'B H W Cin Cout k s groups' 'convoy, ms' 'default' quartiles 'ch. last' quartiles
for shape in "${shapes[@]}"; do
  ours="$bin/convolution_steps $shape all $enough"
  twin="$python tests/benchmark/convolution_twin.py $shape all $enough"
  read -r _ seconds usual lower upper <<<"$(tests/benchmark/in_turns.py "$steps" "$twin" "$ours")"
  read -r _ _ last last_lower last_upper <<<"$(tests/benchmark/in_turns.py "$steps" "$twin --channels-last" "$ours")"
  printf '%-26s %10.3f %8.2f %6.2f to %5.2f %8.2f %6.2f to %5.2f\n' "$shape" "$(awk "BEGIN {print $seconds * 1000}")" \
    "$usual" "$lower" "$upper" "$last" "$last_lower" "$last_upper"
done
