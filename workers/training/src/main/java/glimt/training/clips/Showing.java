package glimt.training.clips;

import glimt.media.ContactSheet;
import glimt.media.ContactSheet.Cell;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.training.evaluation.Samples;
import glimt.training.evaluation.Unnamed;
import java.util.ArrayList;
import java.util.List;

/** Arranges clips of a level as pictures for visual inspection. */
record Showing(BundleCard card, Level level) {
  private static final int FRAMES = 4;
  private static final int CLIPS_ABREAST = 2;
  private static final int SIDE = 96;

  private static final int UNNAMED_COLUMNS = 5;
  private static final int UNNAMED_SIDE = 258;

  /** A sheet with four frames of each clip side by side and the prompt below. */
  Picture sheet(Samples<Scene> samples) {
    List<Cell> cells = new ArrayList<>();
    List<Samples.MadeSample> clips = samples.kept();
    for (int i = 0; i < clips.size(); i++) {
      String prompt = samples.prompts().get(i).text();
      cells.addAll(ContactSheet.strip(frames(clips.get(i).last()), FRAMES, prompt, SIDE));
    }
    return ContactSheet.of(cells, CLIPS_ABREAST * FRAMES, SIDE);
  }

  /** Each clip as a picture of four frames, for naming. */
  Unnamed unnamed(Samples<Scene> samples) {
    List<Cell> cells = new ArrayList<>();
    List<Samples.MadeSample> clips = samples.kept();
    for (int i = 0; i < clips.size(); i++) {
      String prompt = samples.prompts().get(i).text();
      cells.add(new Cell(ContactSheet.quarters(frames(clips.get(i).last())), prompt));
    }
    return new Unnamed(cells, UNNAMED_COLUMNS, UNNAMED_SIDE);
  }

  private Frames frames(float[] clip) {
    int count = level.axis("frames").extent();
    int size = Ladder.size(level);
    return Frames.ofSample(clip, count, size, size, Math.max(1, card.fps()));
  }
}
