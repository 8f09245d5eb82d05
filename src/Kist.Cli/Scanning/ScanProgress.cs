using System.Globalization;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Scan.Sources;

namespace Kist.Cli.Scanning;

/// <summary>Shows on a terminal how far a scan is that takes more than a second.</summary>
internal sealed class ScanProgress : IDisposable
{
    private readonly Screen _screen;
    private readonly Tally _tally;
    private readonly Hits _hits;
    private readonly Lock _lock = new();
    private readonly Timer? _timer;
    private bool _shown;

    public ScanProgress(Screen screen, Tally tally, Hits hits)
    {
        (_screen, _tally, _hits) = (screen, tally, hits);
        if (screen.Quiet || !DescriptorStream.IsTerminal(2)) return;
        _timer = new Timer(_ => Show(), null, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(200));
    }

    /// <summary>Takes the line away.</summary>
    public void Dispose()
    {
        if (_timer is null) return;
        lock (_lock)
        {
            _timer.Dispose();
            if (_shown) _screen.Ask("\r\e[K"u8);
        }
    }

    private void Show()
    {
        lock (_lock)
        {
            _shown = true;
            _screen.Ask(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"\r\e[K{_tally.Files:N0} files, {_tally.Bytes / 1_000_000:N0} MB, {_hits.Count:N0} found")));
        }
    }
}
