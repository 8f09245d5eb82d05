using System.Security.Cryptography;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Client.Events;

namespace Kist.Cli.Running;

/// <summary>
/// Notices when the values of a run may have changed: files that are written, and the server's events
/// (<c>sys/events/subscribe</c>). A server that has none, or does not tell this token, is asked every half minute.
/// </summary>
internal sealed class ChangeWatch
{
    private const int StackSize = 256 << 10;
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_askEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_together = TimeSpan.FromMilliseconds(50);
    private readonly Session _session;
    private readonly AutoResetEvent _changed = new(initialState: false);
    private readonly ManualResetEventSlim _never = new(initialState: false);
    private volatile HashSet<string> _paths = [];
    private volatile string[] _files = [];
    private readonly ProjectEnvironment? _server;
    private readonly EventReader _reader = new();

    public ChangeWatch(Session session, RunValues values)
    {
        _session = session;
        if (values.Source is ServerSource) _server = values.Environment;
        Follow(values);
    }

    /// <summary>What to watch from now on.</summary>
    public void Follow(RunValues values)
    {
        _files = [.. values.Files, ProjectConfig.FileName];
        if (values.Source is ServerSource server) _paths = [.. server.Read().Select(Uri.UnescapeDataString)];
    }

    /// <summary>Starts the threads; <paramref name="changed"/> is called on one of them, never twice at once.</summary>
    public void Start(Action changed)
    {
        Begin(WatchFiles);
        if (_server is not null) Begin(WatchServer);
        Begin(() =>
        {
            while (true)
            {
                _changed.WaitOne();
                // Who saves three secrets means one change.
                Pause(s_together);
                _changed.Reset();
                changed();
            }
        });
    }

    /// <summary>Has the values read again: one of them is about to end.</summary>
    public void Look() => _changed.Set();

    private static void Begin(ThreadStart work) => new Thread(work, StackSize) { IsBackground = true }.Start();

    // The program's end is the process' end: nothing is waited for longer than that.
    private void Pause(TimeSpan time) => _never.Wait(time);

    private void WatchFiles()
    {
        var before = Traces();
        while (true)
        {
            Pause(s_lookEvery);
            var now = Traces();
            if (now == before) continue;
            before = now;
            _changed.Set();
        }
    }

    private string Traces() => string.Join('\n', _files.Select(static path =>
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{path} {file.LastWriteTimeUtc.Ticks} {file.Length}" : path;
    }));

    private void WatchServer()
    {
        var told = false;
        for (var failures = 0; ; failures++)
        {
            using var there = _session.At(_server!);
            var after = _reader.Last is { } last ? "?after=" + Uri.EscapeDataString(last) : "";
            var heard = false;
            _reader.Connected();
            using var answer = there.Follow("sys/events/subscribe/*" + after, (piece, count) =>
            {
                heard = true;
                foreach (var told in _reader.Add(piece, count)) Take(told);
            });
            if (heard) failures = 0;
            if (answer.Status is 400) _reader.Forget(); // the id is another store's: begin anew
            if (answer.Status is 401 or 403 or 404 or 405 or 501)
            {
                if (!told) _session.Screen.Warn("the server tells this token of no changes "
                    + "(sys/events/subscribe/*), so it is asked every 30 s");
                told = true;
                Pause(s_askEvery);
                _changed.Set();
                continue;
            }
            var longest = Math.Min(30_000, 250 << Math.Min(failures, 7));
            Pause(TimeSpan.FromMilliseconds(longest / 2 + RandomNumberGenerator.GetInt32(longest)));
        }
    }

    private void Take(ToldEvent told)
    {
        // Metadata and deletions are told by the secret's other paths.
        if (told.Kind is ToldKind.Begun or ToldKind.Reset || (told.Kind is ToldKind.Change
            && (_paths.Contains(told.Path) || _paths.Contains(Replaced(told.Path))))) _changed.Set();
    }

    private static string Replaced(string path)
    {
        foreach (var word in (ReadOnlySpan<string>)["metadata", "delete", "undelete", "destroy"])
            if (path.IndexOf($"/{word}/", StringComparison.Ordinal) is > 0 and var at)
                return $"{path[..at]}/data/{path[(at + word.Length + 2)..]}";
        return path;
    }
}
