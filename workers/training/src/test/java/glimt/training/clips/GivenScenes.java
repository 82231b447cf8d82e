package glimt.training.clips;

import glimt.model.Level;
import glimt.training.recipe.Recipe;
import glimt.training.sprites.Sprites;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Test data with the grammar of the default bundle and plain bright squares as sprites. */
final class GivenScenes {
  static final Path RECIPE = Path.of("../models/tiles/recipe.json");

  private GivenScenes() {}

  static Grammar grammar() {
    return recipe().grammar();
  }

  /** The data settings in the recipe of the default bundle. */
  static ClipRecipe recipe() {
    return Recipe.part(Recipe.read(RECIPE).data(), ClipRecipe.class);
  }

  /** A level of the default bundle from its recipe. */
  static Level level(String name) {
    return Recipe.read(RECIPE).draft(Optional.of(grammar().vocabulary())).levels().stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Squares that fill the middle half of each picture and blink: every second frame is darker. */
  static Renderer squares(Grammar grammar) {
    Map<String, List<int[]>> frames = new HashMap<>();
    for (Grammar.Subject subject : grammar.subjects()) {
      frames.put(subject.clip(), List.of(square(255), square(200)));
    }
    return new Renderer(grammar, Sprites.of(frames));
  }

  private static int[] square(int bright) {
    int[] picture = new int[4 * 96 * 96];
    for (int y = 24; y < 72; y++) {
      for (int x = 24; x < 72; x++) {
        Arrays.fill(picture, 4 * (y * 96 + x), 4 * (y * 96 + x) + 3, bright);
        picture[4 * (y * 96 + x) + 3] = 255;
      }
    }
    return picture;
  }
}
