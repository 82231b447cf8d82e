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

/** How good a bundle is. */
public final class Evaluation {
  static final String SHEET = "sheet.jpg";
  private static final String FIGURES = "figures";

  /** Of the order in which unnamed results are shown. */
  private static final long SHUFFLED = 40;

  private Evaluation() {}

  /**
   * Measures a bundle by fixed prompts and seeds.
   *
   * @param folder the bundle's
   * @param data folder of the raw data; without it what needs real samples is left out
   * @param keep whether the figures are written into the card, and a contact sheet beside it
   * @param watch sees a line now and then
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
   * Measures one network, whatever else is trained already.
   *
   * @param recipeFile beside the sources
   * @param folder of the weights, the classifier's among them
   * @param data folder of the raw data; without it what needs real samples is left out
   * @param level whose network it is
   * @param samples how many are made
   * @param sheet where a contact sheet of the results goes, a PNG picture
   * @param watch sees a line now and then
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
   * Makes results to be named blindly: see {@link NamingSheet}.
   *
   * @param folder the bundle's
   * @param to where the sheet and its key go
   * @param watch sees a line now and then
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
