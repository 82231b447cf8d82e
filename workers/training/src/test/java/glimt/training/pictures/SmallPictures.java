package glimt.training.pictures;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.json.Json;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** The recipe of the default bundle with three subjects, small networks and a few steps. */
public final class SmallPictures {
  static final Path BUNDLE = Path.of("../models/pictures");

  /** The sprite from which only the autoencoder learns. */
  public static final String OTHER = "another";

  private SmallPictures() {}

  /** Copies the sources, the text encoder and the small recipe into a folder. */
  static Path recipe(Path folder) throws IOException {
    for (String file :
        List.of(
            "autoencoder.py",
            "encoder.py",
            "decoder.py",
            "picture.py",
            "classifier.py",
            "text.py",
            "text.safetensors",
            "tokenizer.json")) {
      Files.copy(BUNDLE.resolve(file), folder.resolve(file));
    }
    ObjectNode recipe = (ObjectNode) Json.mapper().readTree(BUNDLE.resolve("recipe.json").toFile());
    ObjectNode data = (ObjectNode) recipe.path("data");
    ArrayNode subjects = (ArrayNode) data.path("grammar").path("subjects");
    while (subjects.size() > 3) {
      subjects.remove(3);
    }
    data.putArray("others").add(OTHER);
    data.put("captions", 2);
    ((ObjectNode) data.path("classifier")).put("steps", 12).put("batch", 8);
    network(
        recipe.path("networks").path("autoencoder"),
        6,
        Map.of("w", 32, "w0", 32, "w1", 16, "w2", 16));
    network(
        recipe.path("networks").path("picture"), 6, Map.of("w0", 32, "w1", 32, "w2", 32, "d", 32));
    ObjectNode card = (ObjectNode) recipe.path("card").path("levels").get(0).path("sampling");
    card.put("steps", 3);
    Path file = folder.resolve("recipe.json");
    Files.writeString(file, recipe.toString());
    return file;
  }

  private static void network(JsonNode network, int steps, Map<String, Integer> sizes) {
    ObjectNode settings = (ObjectNode) network;
    settings.remove("seconds");
    settings.put("steps", steps).put("batch", 4);
    sizes.forEach(((ObjectNode) settings.path("sizes"))::put);
  }

  /** Writes an archive of coloured squares, one for each subject and one for the autoencoder. */
  public static void sprites(Path archive, List<String> names) throws IOException {
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(archive)))) {
      List<String> all = new ArrayList<>(names);
      all.add(OTHER);
      for (int i = 0; i < all.size(); i++) {
        byte[] png = square(i);
        TarArchiveEntry entry = new TarArchiveEntry("package/assets/" + all.get(i) + ".png");
        entry.setSize(png.length);
        tar.putArchiveEntry(entry);
        tar.write(png);
        tar.closeArchiveEntry();
      }
    }
  }

  private static byte[] square(int number) throws IOException {
    BufferedImage image = new BufferedImage(96, 96, BufferedImage.TYPE_INT_ARGB);
    for (int y = 20; y < 70; y++) {
      for (int x = 20; x < 70; x++) {
        image.setRGB(x, y, 0xff000000 | (0x3377bb << number));
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }
}
