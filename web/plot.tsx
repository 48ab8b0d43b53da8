import { Component, createRef } from "preact";
import uPlot from "uplot";
import type { Points } from "./race-history.ts";
import { readTheme, type Theme } from "./theme.ts";

export interface PlotProps {
  /** What the drawing shows, for those who don't see it. */
  readonly label: string;
  /** Grows when there is something new to draw. */
  readonly version: number;
  readonly points: () => Points;
  /** `theme()` is the present one; it changes with the colour scheme. */
  readonly options: (theme: () => Theme) => Omit<uPlot.Options, "width" | "height">;
}

/** A chart that fills its box and draws only when `version` grows. */
export class Plot extends Component<PlotProps> {
  readonly #host = createRef<HTMLDivElement>();
  readonly #stop = new AbortController();
  #observer: ResizeObserver | undefined;
  #plot: uPlot | undefined;
  #theme = readTheme();

  override componentDidMount(): void {
    const host = this.#host.current;
    if (host === null) return;
    const { options, points } = this.props;
    this.#observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const size = { width: entry.contentRect.width, height: entry.contentRect.height };
      if (size.width === 0 || size.height === 0) return;
      this.#theme = readTheme();
      if (this.#plot) return this.#plot.setSize(size);
      const settings = { ...options(() => this.#theme), ...size };
      this.#plot = new uPlot(settings, points(), host);
    });
    this.#observer.observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener(
      "change",
      () => {
        this.#theme = readTheme();
        this.#plot?.redraw();
      },
      { signal: this.#stop.signal },
    );
  }

  override shouldComponentUpdate(next: PlotProps): boolean {
    if (next.version !== this.props.version) this.#plot?.setData(next.points());
    return false;
  }

  override componentWillUnmount(): void {
    this.#stop.abort();
    this.#observer?.disconnect();
    this.#plot?.destroy();
  }

  override render() {
    return <div class="plot" role="img" aria-label={this.props.label} ref={this.#host} />;
  }
}
