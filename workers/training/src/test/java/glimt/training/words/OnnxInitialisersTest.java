package glimt.training.words;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.training.recipe.TrainingException;
import glimt.training.words.OnnxInitialisers.Initialiser;
import glimt.training.words.OnnxInitialisers.WeightType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reads files that are written here byte by byte, field by field. */
class OnnxInitialisersTest {
  @Test
  void initialisers_are_read_from_raw_bytes_and_from_lists() {
    byte[] floats =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putFloat(-2).array();
    byte[] raw = joined(integer(1, 2), integer(2, 1), bytes(8, "raw"), bytes(9, floats));
    byte[] listed =
        joined(bytes(1, new byte[] {2}), integer(2, 1), bytes(4, floats), bytes(8, "listed"));
    byte[] zero = joined(integer(2, 2), bytes(5, new byte[] {(byte) 0x80, 1}), bytes(8, "zero"));
    byte[] signed =
        joined(integer(1, 1), integer(1, 3), integer(2, 3), bytes(8, "s"), bytes(9, 1, 0xff, 3));
    byte[] other = joined(integer(1, 1), integer(2, 7), bytes(8, "int64"), bytes(9, new byte[8]));

    Map<String, Initialiser> read =
        OnnxInitialisers.read(
            model(
                bytes(5, raw),
                bytes(5, listed),
                bytes(5, zero),
                bytes(1, "node"),
                bytes(5, signed),
                bytes(5, other)));

    assertThat(read).containsOnlyKeys("raw", "listed", "zero", "s");
    assertThat(requireNonNull(read.get("raw")).floats()).containsExactly(1.5f, -2);
    assertThat(requireNonNull(read.get("listed")).floats()).containsExactly(1.5f, -2);
    assertThat(requireNonNull(read.get("zero")).shape()).isEmpty();
    assertThat(requireNonNull(read.get("zero")).type()).isEqualTo(WeightType.UINT8);
    assertThat(requireNonNull(read.get("zero")).bytes()).containsExactly(128);
    assertThat(requireNonNull(read.get("s")).shape()).containsExactly(1L, 3L);
    assertThat(requireNonNull(read.get("s")).bytes()).containsExactly(1, -1, 3);
  }

  @Test
  void a_file_cut_anywhere_is_refused() {
    byte[] floats = new byte[400];
    byte[] raw = joined(integer(1, 100), integer(2, 1), bytes(8, "raw"), bytes(9, floats));
    byte[] whole = model(bytes(5, raw));
    assertThat(OnnxInitialisers.read(whole)).hasSize(1);
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> OnnxInitialisers.read(cut))
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("damaged");
    }
  }

  @Test
  void a_weight_of_another_size_than_its_shape_is_refused() {
    byte[] raw = joined(integer(1, 3), integer(2, 1), bytes(8, "raw"), bytes(9, new byte[8]));
    assertThatThrownBy(() -> OnnxInitialisers.read(model(bytes(5, raw))))
        .hasMessageContaining("raw of shape [3] has 8 bytes");
  }

  private static byte[] model(byte[]... graph) {
    return joined(integer(1, 6), bytes(7, joined(graph)));
  }

  private static byte[] integer(int field, int value) {
    return new byte[] {(byte) (field << 3), (byte) value};
  }

  private static byte[] bytes(int field, String text) {
    return bytes(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] bytes(int field, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes(field, bytes);
  }

  private static byte[] bytes(int field, byte[] value) {
    byte[] head = {
      (byte) ((field << 3) | 2), (byte) ((value.length & 0x7f) | 0x80), (byte) (value.length >> 7)
    };
    return joined(head, value);
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
