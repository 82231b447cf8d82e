package glimt.training;

import glimt.training.clips.ClipMaterial;
import glimt.training.evaluation.Material;
import glimt.training.objects.ObjectMaterial;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import glimt.training.shapes.Shapes;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The datasets there are, by the names that recipes call them. */
final class Datasets {
  /** Reads what a recipe calls for. */
  private interface DatasetReader {
    Material of(Recipe recipe, @Nullable Path data);
  }

  private static final Map<String, DatasetReader> BY_NAME =
      new TreeMap<>(
          Map.of(
              "clips", ClipMaterial::of,
              "objects", ObjectMaterial::of,
              "shapes", (recipe, _) -> Shapes.material(recipe)));

  private Datasets() {}

  /**
   * Reads the dataset that a recipe names.
   *
   * @param data folder of the raw data; null where it is not at hand, or the dataset needs none
   */
  static Material of(Recipe recipe, @Nullable Path data) {
    DatasetReader reader = BY_NAME.get(recipe.dataset());
    if (reader == null) {
      throw new TrainingException(
          "there is no dataset '%s'; there are %s"
              .formatted(recipe.dataset(), String.join(", ", BY_NAME.keySet())));
    }
    return reader.of(recipe, data);
  }
}
