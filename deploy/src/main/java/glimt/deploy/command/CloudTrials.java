package glimt.deploy.command;

import glimt.deploy.node.DeployException;
import glimt.media.CloudFile;
import glimt.media.PointCloud;
import glimt.safety.watermark.CloudMark;
import glimt.safety.watermark.FoundMark;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/**
 * Marks point clouds, damages their colours, and prints how many marks are still read. What moves
 * points is left out: the reader does not look where they are.
 */
final class CloudTrials {
  private final SplittableRandom random = new SplittableRandom(1);
  private final Map<String, UnaryOperator<byte[]>> damages = new LinkedHashMap<>();

  CloudTrials() {
    damages.put("none", rgb -> rgb);
    damages.put("other order", rgb -> kept(rgb, 1));
    for (int removed : new int[] {25, 50, 75, 90}) {
      damages.put(removed + " % of points removed", rgb -> kept(rgb, 1 - removed / 100.0));
    }
    damages.put("colours as float16 of linear light", CloudTrials::halved);
    damages.put("both: float16, 25 % removed", rgb -> kept(halved(rgb), 0.75));
    damages.put("colours changed by up to 1 of 255", this::shaken);
    damages.put("a lighter picture, by 1.1", CloudTrials::lighter);
  }

  /** Prints the table of some clouds. */
  void run(List<Path> files) throws IOException {
    int[] read = new int[damages.size()];
    int[] wrong = new int[damages.size()];
    double[] right = new double[damages.size()];
    double squares = 0;
    long values = 0;
    int unmarked = 0;
    for (int i = 0; i < files.size(); i++) {
      int mark = 0x9E3779B9 * (i + 1);
      if (!CloudFile.isOne(files.get(i))) {
        throw new DeployException(
            files.get(i) + " is no point cloud; give clips or clouds, not both");
      }
      byte[] plain = CloudFile.colours(files.get(i)).getFirst();
      unmarked += CloudMark.read(plain).isPresent() ? 1 : 0;
      byte[] marked = CloudMark.marked(new PointCloud(new float[plain.length], plain), mark).rgb();
      for (int at = 0; at < plain.length; at++) {
        squares += Math.pow((plain[at] & 0xFF) - (marked[at] & 0xFF), 2);
      }
      values += plain.length;
      int row = 0;
      for (UnaryOperator<byte[]> damage : damages.values()) {
        byte[] damaged = damage.apply(marked);
        Optional<FoundMark> found = CloudMark.read(damaged);
        boolean same = found.isPresent() && found.get().mark() == mark;
        read[row] += same ? 1 : 0;
        wrong[row] += found.isPresent() && !same ? 1 : 0;
        right[row++] += CloudMark.rightBits(damaged, mark);
      }
    }
    int count = files.size();
    System.out.printf(
        Locale.ROOT,
        "%s clouds, PSNR of colours %.1f dB, points moved 0; marks seen before there were any:"
            + " %s%n",
        count,
        10 * Math.log10(255.0 * 255 * values / Math.max(squares, 1)),
        unmarked);
    System.out.printf("%-36s %5s %6s %6s%n", "", "bits", "read", "wrong");
    int row = 0;
    for (String damage : damages.keySet()) {
      System.out.printf(
          Locale.ROOT,
          "%-36s %5.3f %6.3f %6.3f%n",
          damage,
          right[row] / count,
          (double) read[row] / count,
          (double) wrong[row++] / count);
    }
  }

  /** A share of the points, in another order. */
  private byte[] kept(byte[] rgb, double share) {
    List<Integer> points = new ArrayList<>();
    for (int point = 0; point < rgb.length / 3; point++) {
      points.add(point);
    }
    for (int i = points.size() - 1; i > 0; i--) {
      Collections.swap(points, i, random.nextInt(i + 1));
    }
    byte[] kept = new byte[3 * (int) (share * points.size())];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = rgb[3 * points.get(i / 3) + i % 3];
    }
    return kept;
  }

  private static byte[] halved(byte[] rgb) {
    byte[] halved = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      double encoded = (rgb[i] & 0xFF) / 255.0;
      double linear =
          encoded <= 0.04045 ? encoded / 12.92 : Math.pow((encoded + 0.055) / 1.055, 2.4);
      double half = Float.float16ToFloat(Float.floatToFloat16((float) linear));
      double back = half <= 0.0031308 ? 12.92 * half : 1.055 * Math.pow(half, 1 / 2.4) - 0.055;
      halved[i] = (byte) Math.round(255 * back);
    }
    return halved;
  }

  private byte[] shaken(byte[] rgb) {
    byte[] shaken = rgb.clone();
    for (int i = 0; i < rgb.length; i++) {
      shaken[i] = (byte) Math.clamp((rgb[i] & 0xFF) + random.nextInt(-1, 2), 0, 255);
    }
    return shaken;
  }

  private static byte[] lighter(byte[] rgb) {
    byte[] lighter = rgb.clone();
    for (int i = 0; i < rgb.length; i++) {
      lighter[i] = (byte) Math.clamp(Math.round((rgb[i] & 0xFF) * 1.1), 0, 255);
    }
    return lighter;
  }
}
