using Kist.Secrets;

namespace Kist.Agent.Answers;

/// <summary>
/// Answers in locked memory, each for its owner alone. When it is full, what was not asked for the longest is
/// forgotten.
/// </summary>
internal sealed class AnswerCache : IDisposable
{
    private const int MaxAnswers = 10_000;
    private const long MaxBytes = 64 << 20;
    private const int Recent = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<AnswerKey, KeptAnswer> _answers = [];
    private readonly Queue<Change> _changes = new();
    private long _bytes;
    private long _number;
    private long _version;

    /// <summary>Another number after each change of what the agent's own answers are.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>The number of the last change that was told; to be given back to <see cref="Keep"/>.</summary>
    public long LastChange => Interlocked.Read(ref _number);

    /// <summary>A copy of an answer; null: there is none.</summary>
    public AnswerCopy? Find(AnswerKey key)
    {
        lock (_gate)
        {
            if (!_answers.TryGetValue(key, out var kept)) return null;
            kept.Used = TimeProvider.System.GetTimestamp();
            var body = new SecretWriter(kept.Body.Length);
            kept.Body.CopyTo(body.GetSpan(kept.Body.Length));
            body.Advance(kept.Body.Length);
            return new AnswerCopy(
                body, kept.ContentType, kept.Age, kept.Asked, kept.IsOutdated, kept.Age > kept.MaxStale);
        }
    }

    /// <summary>
    /// Remembers an answer. What has changed since the question is outdated from the start; what was to be forgotten
    /// since, or was asked for again and answered, is not remembered.
    /// </summary>
    /// <param name="since">The <see cref="LastChange"/> when it was asked for.</param>
    public void Keep(AnswerKey key, KeptAnswer answer, long since)
    {
        lock (_gate)
        {
            var later = _changes.Where(change => change.Number > since && change.Concerns(key, answer.Name)).ToList();
            if (later.Exists(static change => change.Forgets)
                || (_answers.TryGetValue(key, out var kept) && kept.Asked > answer.Asked))
            {
                answer.Dispose();
                return;
            }
            // When more has changed than is remembered, everything may have.
            answer.IsOutdated |= later.Count > 0 || (_changes.Count > 0 && _changes.Peek().Number > since + 1);
            answer.Used = TimeProvider.System.GetTimestamp();
            Remove(key);
            _answers[key] = answer;
            _bytes += answer.Body.Length;
            Changed(key);
            while (_answers.Count > MaxAnswers || (_bytes > MaxBytes && _answers.Count > 1))
                Remove(_answers.MinBy(p => p.Value.Used).Key);
        }
    }

    /// <summary>Forgets one answer.</summary>
    public void Drop(AnswerKey key)
    {
        lock (_gate)
        {
            Tell((other, _) => other == key, forgets: true);
            if (Remove(key)) Changed(key);
        }
    }

    /// <summary>Forgets what matches; how many that were.</summary>
    public int Drop(Func<AnswerKey, bool> matches)
    {
        lock (_gate)
        {
            Tell((key, _) => matches(key), forgets: true);
            var gone = _answers.Keys.Where(matches).ToList();
            foreach (var key in gone)
            {
                Remove(key);
                Changed(key);
            }
            return gone.Count;
        }
    }

    /// <summary>A secret has changed: its answers are outdated. The agent's own among them are returned.</summary>
    public List<AnswerKey> Outdate(string name)
    {
        lock (_gate)
        {
            Tell((_, changed) => changed == name);
            var own = new List<AnswerKey>();
            foreach (var (key, answer) in _answers)
            {
                if (answer.Name != name) continue;
                answer.IsOutdated = true;
                if (key.Owner == AnswerKey.Agent) own.Add(key);
            }
            return own;
        }
    }

    /// <summary>Anything may have changed for an owner.</summary>
    public void OutdateAll(string owner)
    {
        lock (_gate)
        {
            Tell((key, _) => key.Owner == owner);
            foreach (var (key, answer) in _answers)
                if (key.Owner == owner) answer.IsOutdated = true;
        }
    }

    /// <summary>What the agent's own answers are to.</summary>
    public IReadOnlyList<AnswerKey> Own()
    {
        lock (_gate) return [.. _answers.Keys.Where(static key => key.Owner == AnswerKey.Agent)];
    }

    /// <summary>Whether there is an answer that may stand in while the server is away.</summary>
    public bool MayStandIn(AnswerKey key)
    {
        lock (_gate) return _answers.TryGetValue(key, out var kept) && kept.Age <= kept.MaxStale;
    }

    /// <summary>The agent's own answers, to be kept elsewhere; called under the lock.</summary>
    public void ForOwn(Action<AnswerKey, KeptAnswer> take)
    {
        lock (_gate)
        {
            foreach (var (key, answer) in _answers)
                if (key.Owner == AnswerKey.Agent) take(key, answer);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var answer in _answers.Values) answer.Dispose();
            _answers.Clear();
        }
    }

    // For replies that are on their way.
    private void Tell(Func<AnswerKey, string, bool> concerns, bool forgets = false)
    {
        _changes.Enqueue(new Change(Interlocked.Increment(ref _number), concerns, forgets));
        if (_changes.Count > Recent) _changes.Dequeue();
    }

    private bool Remove(AnswerKey key)
    {
        if (!_answers.Remove(key, out var answer)) return false;
        _bytes -= answer.Body.Length;
        answer.Dispose();
        return true;
    }

    private void Changed(AnswerKey key)
    {
        if (key.Owner == AnswerKey.Agent) Interlocked.Increment(ref _version);
    }

    /// <param name="Concerns">Which answers, by key and name.</param>
    /// <param name="Forgets">Whether they are gone, rather than outdated.</param>
    private sealed record Change(long Number, Func<AnswerKey, string, bool> Concerns, bool Forgets);
}
