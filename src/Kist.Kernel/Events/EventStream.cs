using System.Runtime.CompilerServices;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Kist.Kernel.Stores;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Events;

/// <summary>
/// What changes, told to one subscriber who may read it. It watches the store, so that it sees what every node writes,
/// and remembers nothing but a place. Each event is decided by the policies as they are when it happens; the stream
/// ends when the subscriber's token or his right to subscribe has gone, and says so when what he may see is another
/// than before.
/// </summary>
public sealed class EventStream(Unsealed kernel, Request request, EventFilter filter)
{
    // A right that was withdrawn ends the stream within this time, also when nothing happens.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AliveEvery = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Events after <paramref name="after"/> (null: from now on), in order. The first message says where the stream
    /// begins, and names the subscriber's rights: another name than that of the stream before says that they have
    /// changed in between. A message <c>kist/reset</c> says that events may be missing before it, or that the rights
    /// have changed: what was remembered must be read again.
    /// </summary>
    public async IAsyncEnumerable<EventMessage> FollowAsync(
        EventPlace? after, [EnumeratorCancellation] CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, kernel.StreamsEnd);
        await foreach (var message in RunAsync(after, ending.Token)) yield return message;
    }

    private async IAsyncEnumerable<EventMessage> RunAsync(
        EventPlace? after, [EnumeratorCancellation] CancellationToken ct)
    {
        var place = after ?? new EventPlace(await kernel.Node.Store.RevisionAsync(ct), EventPlace.All);
        if (await CallerAsync(ct) is not { } begins) yield break;
        var rights = new SubscriberRights(begins, kernel.Mounts.Current);
        yield return EventJson.Control("kist/subscribed", place, rights.Name);
        while (true)
        {
            // From before the place's commit, of which a part may have been told.
            await using var watch = new Watch(kernel, place);
            while (true)
            {
                var (step, change) = await watch.NextAsync(LookEvery, ct);
                if (step is WatchStep.Lost) break;
                if (await CallerAsync(ct) is not { } caller) yield break;
                if (rights.HaveChanged(caller, kernel.Mounts.Current))
                    yield return EventJson.Control("kist/reset", place, rights.Name);
                if (step is WatchStep.Quiet)
                {
                    if (watch.IsQuietFor(AliveEvery)) yield return new EventMessage(place.ToString(), null, default);
                    continue;
                }
                place = watch.Place;
                if (await ToldAsync(change, place, caller, ct) is { } message) yield return message;
            }
            place = new EventPlace(await ReachableAsync(ct), EventPlace.All);
            yield return EventJson.Control("kist/reset", place, rights.Name);
        }
    }

    /// <summary>The store's newest revision, once it can be asked again.</summary>
    private async ValueTask<long> ReachableAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await kernel.Node.Store.RevisionAsync(ct);
            }
            catch (StoreException)
            {
                await Task.Delay(LookEvery, kernel.Clock, ct);
            }
        }
    }

    /// <summary>Who follows, as of now; null: he may not any more.</summary>
    private async ValueTask<Caller?> CallerAsync(CancellationToken ct)
    {
        try
        {
            if (!kernel.Feed.IsConfirmed) await kernel.Feed.ConfirmAsync(ct);
            var (caller, refused) = await kernel.Tokens.AuthenticateAsync(request, ct);
            if (caller is null || refused is not null) return null;
            return May(caller, request.Path.Value) ? caller : null;
        }
        catch (Exception e) when (e is StoreException or SealedException)
        {
            // Who cannot be asked about is not told anything.
            return null;
        }
    }

    private async ValueTask<EventMessage?> ToldAsync(
        Change change, EventPlace place, Caller caller, CancellationToken ct)
    {
        if (MountOf(change.Key) is not { } found) return null;
        var (mount, key) = found;
        try
        {
            // The decision comes first: nothing is read for somebody who may not know of it.
            if (mount.Engine.PathOfKey(key) is not { } path || !May(caller, mount.Path + path)) return null;
            if (await mount.Engine.DescribeChangeAsync(key, ct) is not { } happened) return null;
            return filter.Matches(happened.Type, mount.Path + happened.Path)
                ? EventJson.Of(happened, mount, place, kernel.Node.Settings.NodeId, kernel.Clock.GetUtcNow()) : null;
        }
        catch (Exception e) when (e is StoreException or CorruptEntryException or MalformedRecordException)
        {
            // What cannot be read now will be noticed by whoever reads it.
            return null;
        }
    }

    private (Mount Mount, string Key)? MountOf(string key)
    {
        var below = key.AsSpan(kernel.Data.Prefix.Length);
        var slash = below.IndexOf('/');
        if (slash < 0) return null;
        if (kernel.Mounts.Current.WithUuid(below[..slash].ToString()) is not { Entry.Tainted: false } mount)
            return null;
        return (mount, below[(slash + 1)..].ToString());
    }

    private static bool May(Caller caller, string path) =>
        caller.Acl.Check(Operation.Read, path, new PolicyParameters(default), null).Allowed;
}
