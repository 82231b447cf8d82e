package glimt.safety.watermark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CodewordTest {
  private static final long SEED = 7;

  /** The check value of CRC-16/CCITT-FALSE is of nine bytes; this is its value of "1234". */
  @Test
  void a_codeword_is_the_mark_and_its_published_crc() {
    assertThat(Codeword.of(0x31323334)).isEqualTo(0x31323334_5349L);
    assertThat(Codeword.mark(Codeword.of(0xFEDCBA98))).isEqualTo(0xFEDCBA98);
  }

  @Test
  void the_least_certain_bits_may_be_wrong() {
    Random random = new Random(SEED);
    for (int trial = 0; trial < 50; trial++) {
      int mark = random.nextInt();
      double[] soft = soft(mark);
      for (int wrong = 0; wrong < 3; wrong++) {
        int bit = (trial + 11 * wrong) % Codeword.BITS;
        soft[bit] = -0.1 * soft[bit];
      }
      assertThat(Codeword.nearest(soft)).as("trial %s", trial).isEqualTo(Codeword.of(mark));
    }
  }

  @Test
  void a_certain_bit_that_is_wrong_is_not_turned() {
    double[] soft = soft(0x01234567);
    soft[20] = -3 * soft[20];
    Long nearest = Codeword.nearest(soft);
    assertThat(nearest == null || Codeword.sign(nearest, 20) == Math.signum(soft[20])).isTrue();
  }

  private static double[] soft(int mark) {
    double[] soft = new double[Codeword.BITS];
    for (int bit = 0; bit < soft.length; bit++) {
      soft[bit] = Codeword.sign(Codeword.of(mark), bit);
    }
    return soft;
  }
}
