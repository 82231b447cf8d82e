package glimt.safety.watermark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Format;
import glimt.media.CloudFile;
import glimt.media.MediaException;
import glimt.media.PointCloud;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CloudMarkTest {
  private static final int MARK = 0xCAFE1234;

  private @TempDir Path folder;

  /** Points of a few shades with some noise, as networks make them. */
  private static PointCloud cloud(long seed, int points) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] xyz = new float[3 * points];
    byte[] rgb = new byte[3 * points];
    for (int i = 0; i < xyz.length; i++) {
      xyz[i] = (float) random.nextDouble(-1, 1);
      rgb[i] = (byte) (40 + 60 * (i / 3 % 3) + random.nextInt(-8, 9));
    }
    return new PointCloud(xyz, rgb);
  }

  private static int found(byte[] rgb) {
    return CloudMark.read(rgb).orElseThrow().mark();
  }

  @Test
  void no_point_moves_and_no_colour_changes_by_more_than_one_level() {
    PointCloud plain = cloud(1, 4096);
    PointCloud marked = CloudMark.marked(plain, MARK);
    assertThat(marked).isEqualTo(CloudMark.marked(plain, MARK)).isNotEqualTo(plain);
    assertThat(marked.xyz()).isEqualTo(plain.xyz());
    for (int i = 0; i < plain.rgb().length; i++) {
      assertThat(Math.abs((plain.rgb()[i] & 0xFF) - (marked.rgb()[i] & 0xFF)))
          .isLessThanOrEqualTo(i % 3 == 2 ? 1 : 0);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GLB", "PLY"})
  void a_mark_is_read_from_a_file(Format format) throws Exception {
    Path file = folder.resolve("cloud");
    Files.write(file, CloudMark.marked(cloud(2, 4096), MARK).encoded(format));
    assertThat(CloudFile.isOne(file)).isTrue();
    assertThat(found(CloudFile.colours(file).getFirst())).isEqualTo(MARK);
  }

  @Test
  void a_mark_is_read_from_a_quarter_of_the_points() {
    byte[] rgb = CloudMark.marked(cloud(3, 4096), MARK).rgb();
    for (int quarter = 0; quarter < 4; quarter++) {
      int from = quarter * rgb.length / 4;
      assertThat(found(Arrays.copyOfRange(rgb, from, from + rgb.length / 4))).isEqualTo(MARK);
    }
  }

  @Test
  void a_mark_is_read_from_text_and_from_big_endian_numbers() throws Exception {
    byte[] rgb = CloudMark.marked(cloud(4, 2000), MARK).rgb();
    StringBuilder text =
        new StringBuilder(
            """
            ply
            format ascii 1.0
            element vertex 2000
            property float x
            property float y
            property float z
            property uchar red
            property uchar green
            property uchar blue
            end_header
            """);
    String head =
        """
        ply
        format binary_big_endian 1.0
        element vertex 2000
        property float red
        property float green
        property float blue
        property double x
        end_header
        """;
    ByteBuffer big = ByteBuffer.allocate(head.length() + 2000 * 20).order(ByteOrder.BIG_ENDIAN);
    big.put(head.getBytes(StandardCharsets.US_ASCII));
    for (int at = 0; at < rgb.length; at += 3) {
      text.append("0.5 -1 2e-3");
      for (int k = 0; k < 3; k++) {
        text.append(' ').append(rgb[at + k] & 0xFF);
        big.putFloat((rgb[at + k] & 0xFF) / 255f);
      }
      text.append('\n');
      big.putDouble(7);
    }
    Path file = Files.writeString(folder.resolve("text.ply"), text);
    assertThat(found(CloudFile.colours(file).getFirst())).isEqualTo(MARK);
    assertThat(found(CloudFile.colours(Files.write(file, big.array())).getFirst())).isEqualTo(MARK);
  }

  @Test
  void no_cloud_without_a_mark_has_one() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    double highest = 0;
    for (int i = 0; i < 2000; i++) {
      byte[] rgb = cloud(seed + i, 300).rgb();
      assertThat(CloudMark.read(rgb)).as("cloud %s", i).isEmpty();
      highest = Math.max(highest, CloudMark.rightBits(rgb, MARK));
    }
    assertThat(highest).isBetween(0.5, 0.95);
  }

  @Test
  void a_cloud_of_one_colour_is_too_little_to_be_certain() {
    PointCloud plain = new PointCloud(new float[3000], new byte[3000]);
    assertThat(CloudMark.read(CloudMark.marked(plain, MARK).rgb())).isEmpty();
    assertThat(CloudMark.read(new byte[0])).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"GLB", "PLY"})
  void a_damaged_file_is_refused(Format format) throws Exception {
    byte[] whole = cloud(5, 500).encoded(format);
    Path file = folder.resolve("cloud");
    for (int length : new int[] {4, 11, 19, 60, 200, whole.length / 2, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> CloudFile.colours(file))
          .as("%s bytes", length)
          .isInstanceOf(MediaException.class);
    }
    String text = new String(whole, StandardCharsets.ISO_8859_1);
    for (String lie : new String[] {"9999999999", "0", "-5", "1000000"}) {
      String lying = text.replace("vertex 500", "vertex " + lie);
      lying = lying.replace("\"count\":500", "\"count\":" + lie);
      Files.write(file, lying.getBytes(StandardCharsets.ISO_8859_1));
      assertThatThrownBy(() -> CloudFile.colours(file))
          .as("count %s", lie)
          .isInstanceOf(MediaException.class);
    }
  }
}
