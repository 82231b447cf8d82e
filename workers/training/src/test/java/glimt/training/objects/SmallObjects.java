package glimt.training.objects;

import glimt.training.recipe.Recipe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A data folder in the format of the recipe with a few simple shapes. */
final class SmallObjects {
  private SmallObjects() {}

  /** The recipe of the default bundle. */
  static ObjectRecipe recipe() {
    return ObjectRecipe.of(Recipe.read(Path.of("../models/objects/recipe.json")));
  }

  /**
   * Writes ellipsoids of different proportions as rocks and pine trees. Rock 1 and rock 2 are
   * near-duplicates despite their different names.
   */
  static Path write(Path folder) {
    return write(folder, 1);
  }

  /**
   * Like the method above, with ellipsoids whose orientation is visible.
   *
   * @param depth the ratio of depth to width
   */
  static Path write(Path folder, double depth) {
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= 8; i++) {
      names.add("Rock_" + i);
      names.add("PineTree_" + i);
      names.add("PineTree_Snow_" + i);
    }
    SplittableRandom random = new SplittableRandom(1);
    float[] points = new float[names.size() * ObjectClouds.DENSE * 3];
    byte[] colours = new byte[points.length];
    for (int row = 0; row < names.size(); row++) {
      String name = names.get(row);
      int number = Math.max(2, name.charAt(name.length() - 1) - '0');
      double slim = name.startsWith("Rock") ? 0.5 + 0.06 * number : 0.1 + 0.03 * number;
      for (int point = 0; point < ObjectClouds.DENSE; point++) {
        int at = (row * ObjectClouds.DENSE + point) * 3;
        double up = random.nextDouble(-1, 1);
        double turn = random.nextDouble(2 * Math.PI);
        double round = Math.sqrt(1 - up * up) * slim;
        points[at] = (float) (round * Math.cos(turn));
        points[at + 1] = (float) up;
        points[at + 2] = (float) (depth * round * Math.sin(turn));
        colours[at + 1] = (byte) 160;
      }
    }
    try (ZipOutputStream zip =
        new ZipOutputStream(Files.newOutputStream(folder.resolve("objects4096.npz")))) {
      String shape = "(%s, %s, 3)".formatted(names.size(), ObjectClouds.DENSE);
      ByteBuffer halves = ByteBuffer.allocate(points.length * 2).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : points) {
        halves.putShort(Float.floatToFloat16(value));
      }
      store(zip, "points.npy", npy("<f2", shape, halves.array()));
      store(zip, "colors.npy", npy("|u1", shape, colours));
      StringBuilder rows = new StringBuilder("[");
      for (String name : names) {
        rows.append(rows.length() > 1 ? "," : "");
        rows.append(
            "{\"pack\": \"nature\", \"name\": \"%s\", \"textured\": false}".formatted(name));
      }
      Files.writeString(folder.resolve("objects.json"), rows.append("]"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder;
  }

  /** A file in NumPy's format 1.0. */
  static byte[] npy(String type, String shape, byte[] values) {
    String header =
        "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n".formatted(type, shape);
    ByteBuffer file =
        ByteBuffer.allocate(10 + header.length() + values.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    file.putShort((short) header.length());
    file.put(header.getBytes(StandardCharsets.US_ASCII));
    return file.put(values).array();
  }

  private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(bytes);
    zip.closeEntry();
  }
}
