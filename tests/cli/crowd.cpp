// Many sessions through a relay at once: their clients and servers, in one process.
//
// crowd --listen ADDR --connect ADDR [--ready FILE] [--sessions N] [--seed N]
//       [--max-bytes N] [--stalled K] [--idle K] [--patience SECONDS]
//
// ADDR  tcp:PORT (of 127.0.0.1) or unix:PATH. The relay connects to the first and
//       listens on the second. FILE is written once this side listens and holds the
//       port, which the kernel chooses for tcp:0; --connect from:FIFO reads its ADDR
//       from FIFO after that.
//
// All N sessions are opened at once. By the seed and its number, each has two streams
// of their own sizes, sizes of write and read, pauses, readers that start late, and an
// order in which the sides half-close. A client's stream starts with the number in
// 8 bytes, so that the server knows its part. Of the N, K --stalled clients never read
// their 8 MiB and are closed when the rest is done, which starts when all of these
// answers have begun; K --idle clients are silent until then and speak after it.
//
// Ends with 0 and `sessions N bytes B` when every byte came, else with 1 and a line for
// each of the first streams that failed. It is a failure, too, when nothing moves for
// so many seconds (60).
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <fstream>
#include <map>
#include <queue>
#include <utility>

#include "crowd_session.hpp"
#include "socket_aid.hpp"

namespace {

using namespace zc::test;
using std::chrono::milliseconds;

class Crowd {
public:
    explicit Crowd(std::map<std::string, std::string> words) : words_(std::move(words)) {
        if (lively_ > sessions_.size() || lively_ == 0) die("nobody is lively");
    }

    int run() {
        Name name = name_of(words_["--listen"]);
        listener_ = name.open(SOCK_NONBLOCK);
        constexpr int backlog = 4096;
        name.listen(listener_, backlog, words_["--ready"]);
        epoll_event event{EPOLLIN, {nullptr}};
        must("epoll_ctl", ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event));
        std::string address = words_["--connect"];
        if (address.starts_with("from:")) std::ifstream(address.substr(5)) >> address;
        door_ = name_of(address);
        now_ = moved_at_ = Clock::now();
        start_all(Kind::stalled);
        start_all(Kind::idle);
        if (unanswered_ == 0) start_all(Kind::lively);
        while (left_ > 0 && turn()) continue;
        return report();
    }

private:
    std::uint64_t number(const std::string& word, std::uint64_t otherwise) {
        std::string_view digits = words_[word];
        return digits.empty() ? otherwise : take_number(digits);
    }

    void start_all(Kind kind) {
        for (Session& s : sessions_) {
            if (s.kind != kind) continue;
            End& end = add(client, door_.open(SOCK_NONBLOCK));
            play(end, s);
            if (kind == Kind::idle) end.write_at = Clock::time_point::max();
            const int small = 16 * 1024;
            if (kind == Kind::stalled || end.read_most < 500)
                must("SO_RCVBUF",
                     ::setsockopt(end.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small));
            step(end);
        }
    }

    End& add(Side side, int fd) {
        End& end = ends_.emplace_back();
        end.side = side;
        end.fd = fd;
        end.connected = side == server;
        return end;
    }
    void play(End& end, Session& session) {
        end.play(session);
        if (end.late_ms > 0) end.read_at = later(end, milliseconds(end.late_ms));
    }

    Clock::time_point later(End& end, milliseconds pause) {
        timers_.emplace(now_ + pause, &end);
        return now_ + pause;
    }
    void pause(End& end, Clock::time_point& until) {
        if (end.pauses == 0 || !end.random.one_in(4)) return;
        --end.pauses;
        until = later(end, milliseconds(1 + end.random.below(20)));
    }

    // False when nothing has moved for too long.
    bool turn() {
        std::array<epoll_event, 64> events{};
        const auto give_up = moved_at_ + patience_;
        const auto wake = timers_.empty() ? give_up : std::min(give_up, timers_.top().first);
        const auto wait = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(wake - now_));
        const int n = must("epoll_wait", ::epoll_wait(epoll_, events.data(), events.size(),
                                                      static_cast<int>(wait.count())));
        now_ = Clock::now();
        for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
            if (events.at(i).data.ptr == nullptr)
                accept_all();
            else
                step(*static_cast<End*>(events.at(i).data.ptr));
        }
        while (!timers_.empty() && timers_.top().first <= now_) {
            End& end = *timers_.top().second;
            timers_.pop();
            step(end);
        }
        return now_ < moved_at_ + patience_;
    }

    void accept_all() {
        moved_at_ = now_;
        for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;)
            step(add(server, fd));
        if (errno != EAGAIN) die(std::string("accept: ") + std::strerror(errno));
    }

    // Does what can be done now, and says what to wait for. An end that is closed
    // stays: timers and events may still name it.
    void step(End& end) {
        if (end.fd >= 0 && !end.connected) connect(end);
        if (end.fd >= 0 && end.connected && !end.ended && end.read_at <= now_) take(end);
        if (end.fd >= 0 && end.connected && end.session != nullptr && !end.shut) give(end);
        if (end.fd >= 0 && end.shut && end.ended) close(end);
        if (end.fd >= 0 && end.connected) arm(end);
    }

    void arm(End& end) {
        std::uint32_t wanted = 0;
        if (!end.ended && end.read_at <= now_) wanted |= EPOLLIN;
        if (end.session != nullptr && end.write_at <= now_ && end.to_send() > 0) wanted |= EPOLLOUT;
        if (wanted == end.armed) return;
        // Whoever wants nothing is taken out: epoll tells of a hang-up for ever.
        int how = wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
        if (end.armed == 0) how = EPOLL_CTL_ADD;
        epoll_event event{wanted, {&end}};
        must("epoll_ctl", ::epoll_ctl(epoll_, how, end.fd, &event));
        end.armed = wanted;
    }

    void connect(End& end) {
        end.connected = ::connect(end.fd, door_.get(), door_.length) == 0 || errno == EINPROGRESS;
        if (end.connected) return;
        if (errno != EAGAIN) return fail(end, end.out());
        // A UNIX listener's queue is full, and nothing tells when it is not.
        (void)later(end, milliseconds(5));
    }

    void take(End& end) {
        const bool known = end.session != nullptr;
        const bool looks = known && end.side == client && end.session->kind == Kind::stalled;
        const std::size_t room = known ? end.read_most : number_bytes - end.number.size();
        const auto n =
            ::recv(end.fd, buffer_.data(), std::min(room, piece_bytes), looks ? MSG_PEEK : 0);
        if (n < 0 && errno == EAGAIN) return;
        moved_at_ = now_;
        const auto bytes = std::span(buffer_).first(static_cast<std::size_t>(std::max(n, 0L)));
        if (!known) return name_it(end, bytes);
        if (n < 0) return fail(end, end.in());
        if (looks) {
            end.read_at = Clock::time_point::max();
            return --unanswered_ == 0 ? start_all(Kind::lively) : void();
        }
        end.ended = n == 0;
        end.in().take(bytes);
        pause(end, end.read_at);
    }

    void name_it(End& end, std::span<const char> bytes) {
        end.number.append(bytes.data(), bytes.size());
        std::uint64_t number = sessions_.size();
        if (end.number.size() == number_bytes)
            std::memcpy(&number, end.number.data(), number_bytes);
        else if (!bytes.empty())
            return;
        if (number < sessions_.size() && sessions_[number].end[server] == nullptr) {
            play(end, sessions_[number]);
            return end.in().take(end.number);
        }
        ++strays_;
        close(end);
    }

    void give(End& end) {
        Flow& out = end.out();
        if (end.to_send() > 0 && end.write_at <= now_) {
            const auto most = std::min(end.to_send(), 1 + end.random.below(end.write_most));
            const auto piece = std::span(buffer_).first(std::min(most, piece_bytes));
            out.fill(piece, out.sent);
            const auto n = ::write(end.fd, piece.data(), piece.size());
            if (n < 0 && errno != EAGAIN) return fail(end, out);
            const auto done = static_cast<std::size_t>(std::max(n, 0L));
            if (done > 0) moved_at_ = now_;
            out.made.add(piece.first(done));
            out.sent += done;
            pause(end, end.write_at);
        }
        if (out.sent < out.total || (end.waits && !end.ended)) return;
        if (::shutdown(end.fd, SHUT_WR) != 0) return fail(end, out);
        end.shut = true;
    }

    void fail(End& end, Flow& flow) {
        flow.error = std::strerror(errno);
        close(end);
    }

    void close(End& end) {
        ::close(std::exchange(end.fd, -1));
        if (end.session == nullptr || ++end.session->closed < 2) return;
        --left_;
        if (end.session->kind == Kind::lively && --lively_ == 0) release();
    }

    // The lively ones are done.
    void release() {
        for (Session& s : sessions_) {
            if (s.kind == Kind::lively || s.end[client]->fd < 0) continue;
            if (s.kind == Kind::idle) {
                s.end[client]->write_at = now_;
                step(*s.end[client]);
            } else {
                close(*s.end[client]);
            }
        }
    }

    int report() {
        std::uint64_t bytes = 0, bad = strays_;
        if (strays_ > 0) std::printf("%lu connections without a session's number\n", strays_);
        for (const Session& s : sessions_) {
            constexpr const char* kinds[] = {"lively", "stalled", "idle"};
            for (const Side from : {client, server}) {
                const Flow& flow = s.flow[from];
                bytes += flow.got;
                const bool unread = s.kind == Kind::stalled && from == server;
                if (s.closed == 2 && (unread || flow.good())) continue;
                if (++bad > 10) continue;
                std::printf("session %lu (%s) to %s: %s%s\n", s.number,
                            kinds[static_cast<int>(s.kind)], from == client ? "server" : "client",
                            flow.shown().c_str(), s.closed == 2 ? "" : ", unfinished");
            }
        }
        if (bad > 10) std::printf("and %lu more\n", bad - 10);
        if (bad == 0) std::printf("sessions %zu bytes %lu\n", sessions_.size(), bytes);
        return bad == 0 ? 0 : 1;
    }

    std::map<std::string, std::string> words_;
    std::uint64_t unanswered_ = number("--stalled", 0);
    std::uint64_t left_ = number("--sessions", 100);
    std::uint64_t lively_ = left_ - unanswered_ - number("--idle", 0);
    std::chrono::seconds patience_{number("--patience", 60)};
    std::vector<Session> sessions_ =
        plan_sessions(left_, unanswered_, number("--idle", 0), number("--seed", 1),
                      number("--max-bytes", 4 * 1024 * 1024));
    std::deque<End> ends_;
    using Timer = std::pair<Clock::time_point, End*>;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    int epoll_ = must("epoll_create1", ::epoll_create1(EPOLL_CLOEXEC));
    int listener_ = -1;
    Name door_;
    Clock::time_point now_, moved_at_;
    std::uint64_t strays_ = 0;
    std::vector<char> buffer_ = std::vector<char>(piece_bytes);
};

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    must("getrlimit", ::getrlimit(RLIMIT_NOFILE, &files));
    files.rlim_cur = files.rlim_max;
    must("setrlimit", ::setrlimit(RLIMIT_NOFILE, &files));
    std::map<std::string, std::string> words;
    for (int i = 1; i + 1 < argc; i += 2) words[argv[i]] = argv[i + 1];
    if (words.count("--listen") == 0 || words.count("--connect") == 0 || argc % 2 == 0)
        die("--listen ADDR and --connect ADDR are needed");
    return Crowd(std::move(words)).run();
}
