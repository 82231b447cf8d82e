package glimt.training;

import glimt.bundle.Bundle;
import glimt.media.Picture;
import glimt.metrics.Figure;
import glimt.model.BundleCard;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Evaluator;
import glimt.training.evaluation.Material;
import glimt.training.evaluation.Report;
import glimt.training.evaluation.Unnamed;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Measures the quality of bundles and of networks in training. */
public final class Evaluation {
  static final String SHEET = "sheet.jpg";
  private static final String FIGURES = "figures";

  /** The seed of the order in which results are shown for naming. */
  private static final long SHUFFLED = 40;

  private Evaluation() {}

  /**
   * Measures a bundle with fixed prompts and seeds.
   *
   * @param folder the folder of the bundle
   * @param data the folder of the raw data; if null, figures that need real samples are omitted
   * @param keep whether to write the figures into the card and a contact sheet into the folder
   * @param watch receives progress messages
   * @return the figures as a table
   */
  public static String measure(
      Path folder, @Nullable Path data, boolean keep, Consumer<String> watch)
      throws InterruptedException {
    Candidate candidate = Candidate.of(Bundle.open(folder));
    Material material = Datasets.of(candidate.recipe(), data);
    try (Evaluator<?, ?> evaluator = Evaluator.of(candidate, material, watch)) {
      Report report = evaluator.measure(material.extent(), keep);
      String table = Figure.table(report.figures());
      if (keep) {
        keep(folder, candidate.card(), table, report.sheet());
      }
      return table;
    }
  }

  /**
   * Measures the network of one level; the networks of other levels need not be trained yet.
   *
   * @param recipeFile the recipe, in the folder of the sources
   * @param folder the folder of the weights, including those of the classifier
   * @param data the folder of the raw data; if null, figures that need real samples are omitted
   * @param level the name of the level
   * @param samples the number of samples
   * @param sheet the file for a contact sheet in PNG format, or null
   * @param watch receives progress messages
   * @return the figures as a table
   */
  public static String measure(
      Path recipeFile,
      Path folder,
      @Nullable Path data,
      String level,
      int samples,
      @Nullable Path sheet,
      Consumer<String> watch)
      throws InterruptedException {
    Material material = Datasets.of(Recipe.read(recipeFile), data);
    Candidate candidate = Candidate.unfinished(recipeFile, folder, material.vocabulary());
    try (Evaluator<?, ?> evaluator = Evaluator.of(candidate, material, watch)) {
      Report report = evaluator.measure(level, samples);
      Picture picture = report.sheet();
      if (sheet != null && picture != null) {
        Files.write(sheet, picture.png());
      }
      return Figure.table(report.figures());
    } catch (IOException broken) {
      throw new TrainingException("cannot write " + sheet + ": " + broken, broken);
    }
  }

  /**
   * Makes samples for a blind naming test, see {@link NamingSheet}.
   *
   * @param folder the folder of the bundle
   * @param to the folder for the sheet and its key
   * @param watch receives progress messages
   */
  public static void naming(Path folder, Path to, Consumer<String> watch)
      throws InterruptedException {
    Candidate candidate = Candidate.of(Bundle.open(folder));
    Material material = Datasets.of(candidate.recipe(), null);
    try (Evaluator<?, ?> evaluator = Evaluator.of(candidate, material, watch)) {
      Unnamed unnamed = evaluator.unnamed();
      NamingSheet.write(to, unnamed.cells(), unnamed.columns(), unnamed.side(), SHUFFLED);
    }
  }

  private static void keep(Path folder, BundleCard card, String table, @Nullable Picture sheet) {
    Map<String, String> notes = new TreeMap<>(card.notes());
    notes.put(FIGURES, table);
    Map<String, String> files = new TreeMap<>(card.files());
    if (sheet != null) {
      byte[] jpeg = sheet.jpeg();
      try {
        Files.write(folder.resolve(SHEET), jpeg);
      } catch (IOException broken) {
        throw new TrainingException(
            "cannot write " + folder.resolve(SHEET) + ": " + broken, broken);
      }
      files.put(SHEET, Bundle.sha256(jpeg));
    }
    Bundle.write(folder, card.with(files, notes));
  }
}
