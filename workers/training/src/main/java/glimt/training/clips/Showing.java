package glimt.training.clips;

import glimt.media.ContactSheet;
import glimt.media.ContactSheet.Cell;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.training.clips.HeldOut.Asked;
import java.util.ArrayList;
import java.util.List;

/** Clips of one level as pictures to be looked at. */
record Showing(BundleCard card, Level level) {
  private static final int FRAMES = 4;
  private static final int CLIPS_ABREAST = 2;
  private static final int SIDE = 96;

  /** Four frames of each clip side by side, with the prompt below. */
  Picture sheet(List<Asked> asked, List<float[]> clips) {
    List<Cell> cells = new ArrayList<>();
    for (int i = 0; i < clips.size(); i++) {
      cells.addAll(ContactSheet.strip(frames(clips.get(i)), FRAMES, asked.get(i).prompt(), SIDE));
    }
    return ContactSheet.of(cells, CLIPS_ABREAST * FRAMES, SIDE);
  }

  /** A clip as one picture, under its prompt. */
  Cell unnamed(Asked asked, float[] clip) {
    return new Cell(ContactSheet.quarters(frames(clip)), asked.prompt());
  }

  private Frames frames(float[] clip) {
    int count = level.axis("frames").extent();
    int size = Ladder.size(level);
    return Frames.ofSample(clip, count, size, size, Math.max(1, card.fps()));
  }
}
