using System.Data.Common;
using Kist.Client.Caching;
using Kist.Client.References;

namespace Kist.Client.Connections;

/// <summary>
/// A value that is looked up each time it is used, so that a connection that is opened after a rotation has the new
/// one. Its methods have the shapes that libraries ask for: <see cref="Provide"/> and <see cref="ProvideAsync"/> are
/// the password providers of Npgsql and MySqlConnector.
/// </summary>
public sealed class LiveSecret
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    // What the attempt that is under way was given: a library asks for it somewhere in the middle.
    private readonly AsyncLocal<Attempt?> _attempt = new();
    private readonly KistClient _client;
    private readonly KistReference _reference;
    private readonly TimeProvider _clock;

    /// <summary>The value of a reference such as <c>kist://prod/database#password</c>. Throws
    /// <see cref="KistException"/> when the text is none.</summary>
    public LiveSecret(KistClient client, string reference)
    {
        ArgumentNullException.ThrowIfNull(client);
        (_client, _reference, _clock) = (client, SecretCache.Parse(reference), client.Clock);
    }

    /// <summary>How long one value may be refused before that is the answer: as long as a rotation may take between the
    /// store and the service. A value that replaces it has its own time. 10 s unless set.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The value as of now.</summary>
    public async ValueTask<string> RevealAsync(CancellationToken ct = default)
    {
        var secret = await _client.Secrets.FindAsync(_reference.Path, _reference.Version, ct);
        if (_attempt.Value is { } attempt) attempt.Used = secret;
        using var value = SecretCache.BytesOf(_reference, secret);
        return value.RevealText();
    }

    /// <summary>As <see cref="RevealAsync"/>; waits if it must be read.</summary>
    public string Reveal()
    {
        var value = RevealAsync();
        return value.IsCompleted ? value.GetAwaiter().GetResult() : Task.Run(value.AsTask).GetAwaiter().GetResult();
    }

    /// <summary>For libraries that call a method with something of theirs: <c>UsePasswordProvider(live.Provide,
    /// live.ProvideAsync)</c>.</summary>
    public string Provide<T>(T asker) => Reveal();

    /// <summary>As <see cref="Provide"/>.</summary>
    public ValueTask<string> ProvideAsync<T>(T asker, CancellationToken ct) => RevealAsync(ct);

    /// <summary>
    /// Runs an attempt, and again after it was refused, each time with what the store has then, until one value has
    /// been refused for as long as <see cref="Patience"/>. That bridges the moment of a rotation in which store and
    /// service differ, whichever is changed first, and however long an attempt takes: what was refused when it was no
    /// longer the store's value says nothing of the next.
    /// </summary>
    public async Task<T> TryAsync<T>(
        Func<CancellationToken, Task<T>> attempt, Func<Exception, bool> isRefused, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        ArgumentNullException.ThrowIfNull(isRefused);
        (KistSecret? Secret, long Since)? refused = null;
        for (var pause = TimeSpan.Zero; ;)
        {
            // Nothing is read here: a connection out of a pool needs no password, and no server.
            var tried = new Attempt { Used = _client.Secrets.Known(_reference) };
            _attempt.Value = tried;
            try
            {
                return await attempt(ct);
            }
            catch (Exception e) when (isRefused(e) && MayTryAgain(refused, tried.Used))
            {
                if (refused is { } before && !IsAnother(tried.Used, before.Secret))
                {
                    pause = pause == TimeSpan.Zero ? s_firstPause
                        : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
                }
                else
                {
                    // At once: most often a newer value is there already.
                    (refused, pause) = ((tried.Used, _clock.GetTimestamp()), TimeSpan.Zero);
                }
            }
            await Task.Delay(pause, _clock, ct);
            _client.Secrets.Doubt(_reference, tried.Used);
        }
    }

    /// <summary>Opens a connection whose library asks this object for the password; a refused one is tried again
    /// (<see cref="TryAsync"/>).</summary>
    public Task OpenAsync(DbConnection connection, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return TryAsync(async stop =>
        {
            await connection.OpenAsync(stop);
            return true;
        }, IsRefusedLogin, ct);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{_reference} [REDACTED]";

    private bool MayTryAgain((KistSecret? Secret, long Since)? refused, KistSecret? tried) =>
        refused is not { } before || IsAnother(tried, before.Secret)
            || IsAnother(_client.Secrets.Known(_reference), tried)
            || _clock.GetElapsedTime(before.Since) < Patience;

    // A lease is another one each time it is asked for; that is no news, and asking for them must have an end.
    private static bool IsAnother(KistSecret? secret, KistSecret? than) =>
        secret is null ? than is not null : secret.LeaseId is null && !secret.IsSameAs(than);

    // SQLSTATE class 28, "invalid authorization specification": PostgreSQL's 28P01 and 28000, MySQL's 28000.
    private static bool IsRefusedLogin(Exception e) =>
        e is DbException { SqlState: { } state } && state.StartsWith("28", StringComparison.Ordinal);

    private sealed class Attempt
    {
        public KistSecret? Used { get; set; }
    }
}
