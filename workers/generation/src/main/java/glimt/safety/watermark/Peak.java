package glimt.safety.watermark;

import static glimt.safety.watermark.Spectrum.SIDE;

import java.util.Arrays;
import java.util.Optional;

/**
 * A place of the search where the pilot may be.
 *
 * @param shift {@code v * SIDE + u}: where in the pattern the upper left pixel is
 * @param sign of the first frame's pattern
 */
record Peak(Amplitudes amplitudes, int shift, int sign) {
  /** The agreement of the pilot. */
  double pilot() {
    return agreement(Carrier.PILOT);
  }

  /** The agreement of each of the 48 bits with a 1. */
  double[] softBits() {
    double[] soft = new double[Codeword.BITS];
    for (int bit = 0; bit < soft.length; bit++) {
      soft[bit] = agreement(bit);
    }
    return soft;
  }

  /** The mark here that agrees best, if it agrees as well as {@code least}. */
  Optional<FoundMark> reading(double least) {
    double pilot = pilot();
    double[] soft = softBits();
    double most = pilot + Arrays.stream(soft).map(Math::abs).sum();
    Long word = most < least ? null : Codeword.nearest(soft);
    if (word == null) {
      return Optional.empty();
    }
    double confidence = pilot;
    for (int bit = 0; bit < soft.length; bit++) {
      confidence += soft[bit] * Codeword.sign(word, bit);
    }
    return confidence < least
        ? Optional.empty()
        : Optional.of(new FoundMark(Codeword.mark(word), confidence));
  }

  private double agreement(int duty) {
    Carrier carrier = Carrier.PUBLIC;
    double sum = 0;
    for (int wave = 0; wave < carrier.count(); wave++) {
      if (carrier.duties()[wave] == duty) {
        int frequency = carrier.frequencies()[wave];
        int turns = frequency % SIDE * (shift % SIDE) + frequency / SIDE * (shift / SIDE);
        double angle = -2 * Math.PI * (turns % SIDE) / SIDE;
        sum += amplitudes.re()[wave] * Math.cos(angle) - amplitudes.im()[wave] * Math.sin(angle);
      }
    }
    return sign * sum;
  }
}
