package glimt.training;

import glimt.training.clips.ClipMaterial;
import glimt.training.evaluation.Material;
import glimt.training.motions.MotionMaterial;
import glimt.training.objects.ObjectMaterial;
import glimt.training.pictures.PictureMaterial;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import glimt.training.shapes.Shapes;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The datasets by the names that recipes use. */
final class Datasets {
  /** Reads a dataset as a recipe describes it. */
  private interface DatasetReader {
    Material of(Recipe recipe, @Nullable Path data);
  }

  private static final Map<String, DatasetReader> BY_NAME =
      new TreeMap<>(
          Map.of(
              "clips", ClipMaterial::of,
              "motions", MotionMaterial::of,
              "objects", ObjectMaterial::of,
              "pictures", PictureMaterial::of,
              "shapes", (recipe, _) -> Shapes.material(recipe)));

  private Datasets() {}

  /**
   * Reads the dataset that a recipe names.
   *
   * @param data the folder of the raw data; null if it is not available or the dataset needs none
   * @throws TrainingException if there is no such dataset
   */
  static Material of(Recipe recipe, @Nullable Path data) {
    DatasetReader reader = BY_NAME.get(recipe.dataset());
    if (reader == null) {
      throw new TrainingException(
          "there is no dataset '%s'; the datasets are %s"
              .formatted(recipe.dataset(), String.join(", ", BY_NAME.keySet())));
    }
    return reader.of(recipe, data);
  }
}
